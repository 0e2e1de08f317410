"""What a node says about arguments of ROS 1, and of nobody."""

from __future__ import annotations

import re
import shlex

from nn_perception.core.ros_words import is_ros_rule, rejection, ros_arguments_for, usage
import pytest

GOOD = [
    '',
    '--ros-args',
    '--ros-args -r image:=/cam/image -p top_k:=3 --',
    '--ros-args -r tagger:__node:=x -r __ns:=/robot -r ~/tags:=/tags',
    "--ros-args -p 'cameras:=[front, rear]' -p tagger:top_k:=3 -p a.b:=1 -p model:=x=y",
    '--ros-args --params-file a.yaml --log-level debug --disable-rosout-logs -e /enclave',
    '--ros-args -p source:=http://camera/live?a=1 --ros-args -r image:=x',
]
# What is written -> what is advised.
BAD = {
    'image:=/cam/image': '--ros-args -r image:=/cam/image',
    '~image:=/cam/image': '--ros-args -r ~image:=/cam/image',
    '_model:=resnet50': '--ros-args -p model:=resnet50',
    '__name:=front': '--ros-args -r __node:=front',
    '__ns:=/robot': '--ros-args -r __ns:=/robot',
    '--ros-args image:=/cam/image': '--ros-args -r image:=/cam/image',
    '--ros-args -p top_k:=3 -- image:=/x': '--ros-args -r image:=/x',
    '--ros-args -r _model:=resnet50': '--ros-args -p model:=resnet50',
    '--ros-args -r image=/cam/image': '-r image:=/cam/image',
    '--ros-args --remap image=/cam': '--remap image:=/cam',
    '--ros-args -p rate=20': '-p rate:=20',
    '--ros-args -p top_k:=3 rate=20': '--ros-args -r rate:=20',
    '--ros-args -r image /cam/image': '-r topic:=/other/topic',
    '--ros-args -p': '-p parameter:=value',
    '--ros-args -p cameras:=[front, rear]': "-p 'cameras:=[front, rear]'",
    'photo.jpg': '--ros-args with -r topic:=/other/topic and -p parameter:=value',
    '--model resnet50': '--ros-args with -r topic:=/other/topic and -p parameter:=value',
}


@pytest.mark.parametrize('line', GOOD)
def test_arguments_of_ros_2(line: str) -> None:
    assert rejection(shlex.split(line)) == ''
    assert usage(shlex.split(line), 'tagger') == ''


@pytest.mark.parametrize('line', BAD)
def test_what_is_advised_instead(line: str) -> None:
    # As a shell passes it when nobody writes quotes.
    sentence = rejection(line.split())
    assert BAD[line] in sentence
    assert '\n' not in sentence


@pytest.mark.parametrize('line', BAD)
def test_the_advice_is_taken(line: str) -> None:
    sentence = rejection(line.split())
    for advised in re.findall(r'write (--ros-args .*|(?:-r|-p|--remap) .*)', sentence):
        words = shlex.split(advised)
        words = words if words[0] == '--ros-args' else ['--ros-args', *words]
        assert rejection(words) == ''


def test_rules() -> None:
    assert is_ros_rule('image:=/cam/image')
    assert is_ros_rule('_rate:=3')
    for word in ('a.jpg', '--seed=3', 'a=b', 'http://x', 'C:=', ''):
        assert is_ros_rule(word) == (word == 'C:=')
    assert ros_arguments_for('odd') == '--ros-args odd'


def test_usage() -> None:
    for words in (['--help'], ['-h'], ['--help', '--ros-args']):
        assert 'usage: tagger [--ros-args' in usage(words, 'tagger')
    assert usage(['--ros-args', '-p', '--help'], 'tagger') == ''
