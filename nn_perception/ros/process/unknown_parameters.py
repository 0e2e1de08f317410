"""
Name the parameters on the command line and in parameter files that no node has.

ROS ignores them without a word, so that a misspelt one seems to have no effect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
import re
from typing import Any

from nn_perception.core.misspelling import closest, is_misspelling
from nn_perception.core.quoting import quoted
from nn_perception.ros.launch.params_files import parameters_in
from nn_perception.ros.process.ros_arguments import RosArguments

# rclpy declares them for some nodes, and reads them for others without declaring them.
_OF_RCLPY = re.compile(r'use_sim_time|start_type_description_service|qos_overrides\..*')
_PARAMETER_RULE = re.compile(r'(?:([^:=]+):)?([^:=]+):=.*', re.DOTALL)
_ALL = '/**'
# The pattern of each wildcard in a key of a parameter file.
_WILDCARDS = {'**': r'(?:/\w+)*', '*': r'/\w+'}
MAX_SENTENCES = 10


@dataclass(frozen=True)
class _Given:
    """A parameter as the user wrote it: for the nodes that a key matches, at some place."""

    key: str
    name: str
    place: str
    in_file: bool

    @property
    def is_for_others_too(self) -> bool:
        """Whether nodes of other processes may read it, which may have other parameters."""
        return self.in_file and self.key.rpartition('/')[2] in _WILDCARDS


def unknown_parameters(arguments: RosArguments, nodes: Mapping[str, Collection[str]]) -> list[str]:
    """
    Find parameters that are addressed to nodes of this process, but unknown to them.

    :param arguments: the ROS arguments of the process
    :param nodes: names of the declared parameters by fully qualified name of the node
    :returns: a sentence for each
    """
    sentences = (_problem(one, nodes) for one in _all_given(arguments))
    return [*dict.fromkeys(filter(None, sentences))][:MAX_SENTENCES]


def _all_given(arguments: RosArguments) -> Iterator[_Given]:
    for rule in arguments.parameters:
        if found := _PARAMETER_RULE.fullmatch(rule):
            yield _Given(found[1] or _ALL, found[2], 'on the command line', in_file=False)
    for path in arguments.parameter_files:
        try:
            parts = parameters_in(path)
        except ValueError:
            # rclpy can read more than YAML allows, but not less.
            continue
        for key, parameters in parts:
            for name in _flat('', parameters):
                yield _Given(key, name, f'in {path}', in_file=True)


def _flat(prefix: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of parameters, which may be nested."""
    for name, value in parameters.items():
        if isinstance(value, dict) and value:
            yield from _flat(f'{prefix}{name}.', value)
        else:
            yield f'{prefix}{name}'


def _problem(given: _Given, nodes: Mapping[str, Collection[str]]) -> str:
    """Say that a parameter is unknown; empty if it is known, or may be for another process."""
    addressed = [node for node in nodes if _matches(given.key, node)]
    if not addressed:
        return _problem_of_key(given, nodes)
    known = {name for node in addressed for name in nodes[node]}
    if given.name in known or _OF_RCLPY.fullmatch(given.name):
        return ''
    close = next((name for name in sorted(known) if is_misspelling(given.name, name)), '')
    if given.is_for_others_too and not close:
        return ''
    sentence = f'{" and ".join(addressed)}: no parameter {quoted(given.name)} ({given.place})'
    if owners := [node for node, names in nodes.items() if given.name in names]:
        return f'{sentence}; it is a parameter of {" and ".join(owners)}: write it under that name'
    close = close or closest(given.name, known)
    hint = f'did you mean {close}?' if close else f'ros2 param list {addressed[0]} shows all'
    return f'{sentence}; {hint}'


def _problem_of_key(given: _Given, nodes: Mapping[str, Collection[str]]) -> str:
    """Say that parameters reach no node; empty if they may be for a node of another process."""
    names = {node.rpartition('/')[2]: node for node in nodes}
    name = given.key.rpartition('/')[2]
    close = next((node for node in names if is_misspelling(name, node)), '')
    if given.in_file and not close:
        return ''
    hint = f'; did you mean {close}?' if close else f'; the nodes are {", ".join(nodes)}'
    return f'no node {quoted(given.key)} in this process ({given.place}){hint}'


def _matches(key: str, node: str) -> bool:
    """Tell whether a key of a parameter file is for a node."""
    parts = key.strip('/').split('/')
    pattern = ''.join(_WILDCARDS.get(part) or f'/{re.escape(part)}' for part in parts)
    return re.fullmatch(pattern, node) is not None
