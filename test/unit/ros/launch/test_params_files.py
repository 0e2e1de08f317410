"""Which of several parameter values wins, in real nodes: the launch files rely on it."""

from __future__ import annotations

from collections.abc import Callable
import itertools
from pathlib import Path

from nn_perception.ros.launch.params_files import (
    AFTER_OTHERS,
    BEFORE_OTHERS,
    parameters_file,
    parameters_in,
)
import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node

# Usual keys of a node; the last one only matches in the root namespace.
KEYS = ('/**', '/**/tagger', 'tagger')


def parameters_of(*arguments: str, namespace: str = '/', default: object = 'default') -> object:
    """Start a node ``tagger`` with a command line, and return its parameter ``model``."""
    context = Context()
    rclpy.init(args=['x', '--ros-args', '-r', f'__ns:={namespace}', *arguments], context=context)
    node = Node('tagger', context=context, enable_rosout=False, start_parameter_services=False)
    try:
        return node.declare_parameter('model', default).value
    finally:
        node.destroy_node()
        rclpy.try_shutdown(context=context)


@pytest.fixture
def params(tmp_path: Path) -> Callable[..., list[str]]:
    """Write a file with some keys, and return the arguments that name it."""
    numbers = itertools.count()

    def write(*keys: str) -> list[str]:
        path = tmp_path / f'{next(numbers)}.yaml'
        parts = [f'{key}:\n  ros__parameters:\n    model: {key}\n' for key in keys]
        path.write_text(''.join(parts))
        return ['--params-file', str(path)]

    return write


def ours(prefix: str, value: object) -> list[str]:
    path = parameters_file(prefix, {'tagger': {'model': value}, 'digit_reader': {'model': 'no'}})
    return ['--params-file', str(path)]


@pytest.mark.parametrize(
    'keys', [(), *itertools.permutations(KEYS, 1), *itertools.permutations(KEYS)]
)
def test_ours_comes_before_or_after_any_file(
    params: Callable[..., list[str]], keys: tuple[str, ...]
) -> None:
    mine = params(*keys) if keys else []
    before, after = ours(BEFORE_OTHERS, 'before'), ours(AFTER_OTHERS, 'after')
    assert parameters_of(*before, *mine, *after) == 'after'
    # Any file overrides ours in front, also one with contradicting keys.
    assert parameters_of(*before, *mine) == (keys[-1] if keys else 'before')
    assert parameters_of(*mine) == (keys[-1] if keys else 'default')


def test_ours_matches_in_every_namespace(params: Callable[..., list[str]]) -> None:
    for namespace in ('/robot', '/robot/one'):
        after = ours(AFTER_OTHERS, 'after')
        assert parameters_of(*params('/**/tagger'), *after, namespace=namespace) == 'after'


def test_the_pitfall_that_this_avoids(params: Callable[..., list[str]]) -> None:
    mine = params('/**', '/**/tagger')
    assert parameters_of(*mine, '-p', 'model:=given') == '/**/tagger'
    assert parameters_of(*mine, *params('/**')) == '/**/tagger'
    # A key without a wildcard is in the root namespace.
    assert parameters_of('-p', 'tagger:model:=given', namespace='/robot') == 'default'


@pytest.mark.parametrize('value', ['yes', '1e5', '0', 'a: "b"', 'Öl', True, 0.5, ['front', '1']])
def test_values_keep_their_type(value: object) -> None:
    assert parameters_of(*ours(AFTER_OTHERS, value), default=value) == value


def test_without_parameters_there_is_no_file() -> None:
    assert parameters_file(AFTER_OTHERS, {'tagger': {}}) is None


def test_lists_of_launch_ros_are_read(tmp_path: Path) -> None:
    path = tmp_path / 'launch_params'
    path.write_text('/a:\n  ros__parameters:\n    nodes: !!python/tuple\n    - tagger\n')
    assert parameters_in(path) == [('/a', {'nodes': ['tagger']})]
    path.write_text('/a: {ros__parameters: {x: !!python/object/apply:os.getcwd []}}\n')
    with pytest.raises(ValueError, match='cannot be read'):
        parameters_in(path)
