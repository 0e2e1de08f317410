"""
What the ROS arguments on the command line say about the nodes of the process.

rclpy applies them, but it does not tell which rules there are. This module imports no ROS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
import re

_REMAPPING_FLAGS = ('-r', '--remap')
_PARAMETER_FLAGS = ('-p', '--param')
_FILE_FLAG = '--params-file'
_NAME_RULE = re.compile(r'(?:(\w+):)?__(?:node|name):=(\w+)')


@dataclass(frozen=True)
class RosArguments:
    """
    ROS arguments.

    :ivar remappings: rules, such as ``image:=/camera/image_raw`` or ``tagger:__node:=x``
    :ivar parameters: values, such as ``top_k:=3`` or ``tagger:top_k:=3``
    :ivar parameter_files: parameter files
    """

    remappings: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    parameter_files: tuple[Path, ...] = ()

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> RosArguments:
        """Read a command line."""
        pairs = list(_flags(arguments))
        return cls(
            tuple(value for flag, value in pairs if flag in _REMAPPING_FLAGS),
            tuple(value for flag, value in pairs if flag in _PARAMETER_FLAGS),
            tuple(Path(value) for flag, value in pairs if flag == _FILE_FLAG),
        )

    def name_of(self, node: str) -> str:
        """
        Say how a node is called that shares its process with others.

        A rule for all nodes, such as the ``name`` of a launch file, is for the node that the
        process is named after: it must not give one name to all.

        :param node: its default name
        :returns: its name: the default, unless a rule is for this node alone
        """
        for rule in self.remappings:
            found = _NAME_RULE.fullmatch(rule)
            if found is not None and found[1] == node:
                return found[2]
        return node


class _State:
    arguments = RosArguments()


def keep_ros_arguments(arguments: Sequence[str]) -> None:
    """Keep the command line that rclpy is initialised with, for :func:`given_ros_arguments`."""
    _State.arguments = RosArguments.parse(arguments)


def given_ros_arguments() -> RosArguments:
    """Return the ROS arguments of the process; there are none before they were kept."""
    return _State.arguments


def _flags(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the flags and values between each ``--ros-args`` and ``--``."""
    is_ros, flag = False, ''
    for argument in arguments:
        if argument == '--ros-args':
            is_ros, flag = True, ''
        elif argument == '--':
            is_ros = False
        elif is_ros and flag:
            yield flag, argument
            flag = ''
        elif is_ros and argument in (*_REMAPPING_FLAGS, *_PARAMETER_FLAGS, _FILE_FLAG):
            flag = argument
