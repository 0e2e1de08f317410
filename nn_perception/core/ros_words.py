"""
What a ROS 2 node expects on its command line, for those who write what ROS 1 expected.

This module imports no ROS: the command uses it too.
"""

from __future__ import annotations

from collections.abc import Sequence
import re

_RULE = re.compile(r'(?P<name>[~/\w]+)(?P<sign>:?=)(?P<value>.*)', re.DOTALL)
# The special names of ROS 1 -> what ROS 2 calls them.
_SPECIAL_NAMES = {'__name': '__node', '__node': '__node', '__ns': '__ns'}
_REMAPPING_FLAGS = ('-r', '--remap')
_PARAMETER_FLAGS = ('-p', '--param')
_FLAGS_WITH_VALUE = (
    *('--params-file', '-e', '--enclave', '--log-level', '--log-config-file'),
    *('--log-file-name', '--external-log-config-file'),
)
_START, _END = '--ros-args', '--'


USAGE = """\
usage: {name} [--ros-args [-r TOPIC:=/OTHER/TOPIC ...] [-p PARAMETER:=VALUE ...]
              [--params-file FILE]]
While the node runs, 'ros2 param list' shows its parameters, 'ros2 param describe' explains one.
"""


def usage(arguments: Sequence[str], name: str) -> str:
    """
    Explain how a node is started, if its arguments ask for that.

    :param arguments: without the name of the program
    :param name: of the node
    :returns: the explanation; empty if nobody asked
    """
    before = arguments[: arguments.index(_START)] if _START in arguments else arguments
    return USAGE.format(name=name) if {'-h', '--help'} & {*before} else ''


def is_ros_rule(word: str) -> bool:
    """Tell whether a word is a remapping or a parameter, such as ``image:=/camera/image``."""
    found = _RULE.fullmatch(word)
    return found is not None and found['sign'] == ':='


def ros_arguments_for(rule: str) -> str:
    """
    Write a rule of ROS 1 as ROS 2 wants it.

    :param rule: such as ``image:=/camera/image`` or ``_model:=resnet50``
    :returns: such as ``--ros-args -r image:=/camera/image`` or ``--ros-args -p model:=resnet50``
    """
    return f'{_START} {_corrected(rule)}'


def rejection(arguments: Sequence[str]) -> str:
    """
    Say what is wrong with the arguments of a node.

    :param arguments: without the name of the program
    :returns: a sentence; empty if nothing is wrong
    """
    words = iter(arguments)
    inside = False
    for word in words:
        if word in (_START, _END):
            inside = word == _START
        elif not inside:
            return _outside(word)
        elif word in (*_REMAPPING_FLAGS, *_PARAMETER_FLAGS):
            if problem := _problem_of_rule(word, next(words, '')):
                return problem
        elif word in _FLAGS_WITH_VALUE:
            next(words, '')
        elif not word.startswith('-'):
            return _inside(word)
    return ''


def _outside(word: str) -> str:
    if is_ros_rule(word):
        return f'{word} is an argument of ROS 1; write {ros_arguments_for(word)}'
    return (
        f'unknown argument {word!r}; a node takes {_START} with -r topic:=/other/topic and '
        '-p parameter:=value'
    )


def _inside(word: str) -> str:
    if _RULE.fullmatch(word):
        return f'{word} has no flag before it; write {ros_arguments_for(word)}'
    return (
        f'unknown ROS argument {word!r}; a value with a space in it needs quotes: '
        "-p 'cameras:=[front, rear]'"
    )


def _problem_of_rule(flag: str, rule: str) -> str:
    """Say what is wrong with a rule after its flag; empty if nothing is that can be seen here."""
    found = _RULE.fullmatch(rule)
    remaps = flag in _REMAPPING_FLAGS
    if remaps and found is not None and _is_private(found['name']):
        return f'{flag} {rule} is a parameter of ROS 1; write {ros_arguments_for(rule)}'
    if found is not None and found['sign'] == '=' and ':=' not in rule:
        return f'{flag} {rule} has no :=; write {flag} {found["name"]}:={found["value"]}'
    if ':=' not in rule:
        example = 'topic:=/other/topic' if remaps else 'parameter:=value'
        return f'{flag} {rule!r} is incomplete; write {flag} {example}'
    value = rule.partition(':=')[2]
    if not remaps and value.startswith('[') and not value.rstrip().endswith(']'):
        name = rule.partition(':=')[0]
        return f"{flag} {rule} ends within a list; write quotes: {flag} '{name}:=[front, rear]'"
    return ''


def _is_private(name: str) -> bool:
    """Tell whether ROS 1 takes a name for a parameter."""
    return name.startswith('_') and not name.startswith('__')


def _corrected(rule: str) -> str:
    found = _RULE.fullmatch(rule)
    if found is None:
        return rule
    name, value = found['name'], found['value']
    if _is_private(name):
        return f'-p {name[1:]}:={value}'
    return f'-r {_SPECIAL_NAMES.get(name, name)}:={value}'
