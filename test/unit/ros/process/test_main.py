"""The start of a node: its arguments and streams."""

from __future__ import annotations

from pathlib import Path
import shlex
import subprocess
import sys

import pytest

CODE = (
    'from nn_perception.ros.process.entry_points import {} as main; import sys; sys.exit(main())'
)


def run(node: str, words: str) -> subprocess.CompletedProcess[str]:
    command = shlex.join([sys.executable, '-c', CODE.format(node)])
    return subprocess.run(
        ['bash', '-c', f'{command} {words}'], capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize('node', ['tagger', 'perception', 'camera_source'])
@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        ('image:=/cam/image', 'write --ros-args -r image:=/cam/image\n'),
        ('_model:=resnet50', 'write --ros-args -p model:=resnet50\n'),
        ('--ros-args image:=/cam/image', 'write --ros-args -r image:=/cam/image\n'),
        ('--ros-args -r image=/cam/image', 'write -r image:=/cam/image\n'),
        ('photo.jpg', "unknown argument 'photo.jpg'; a node takes --ros-args with"),
    ],
)
def test_arguments_of_ros_1(node: str, words: str, sentence: str) -> None:
    finished = run(node, words)
    assert finished.returncode == 2
    assert finished.stdout == ''
    assert sentence in finished.stderr
    assert finished.stderr.count('\n') == 1


def test_flags_that_rclpy_does_not_know() -> None:
    finished = run('tagger', '--ros-args --colour')
    assert finished.returncode == 2
    assert finished.stderr == "unknown ROS arguments: '--colour'\n"


def test_help(tmp_path: Path) -> None:
    finished = run('tagger', '--help')
    assert finished.returncode == 0
    assert '-r TOPIC:=/OTHER/TOPIC' in finished.stdout
    assert run('tagger', '--help > /dev/full').returncode == 0


@pytest.mark.parametrize('streams', ['2> /dev/full', '2>&-', '>&- 2>&- <&-'])
def test_a_sentence_that_nobody_reads(streams: str) -> None:
    assert run('camera_source', f'--ros-args -p source:=/nowhere {streams}').returncode == 2
