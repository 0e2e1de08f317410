"""The ROS graph, in which everybody may write."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from nn_perception.ros.inputs.graph import is_valid_name, publishers_on, topics_and_types
import pytest


def raising(error: Exception) -> Callable[..., list]:
    """Make a query of rclpy that fails."""

    def query(*_: str) -> list:
        raise error

    return query


@pytest.mark.parametrize(
    'error',
    [
        UnicodeDecodeError('utf-8', b'\xff', 0, 1, 'invalid start byte'),
        RuntimeError('Failed to get information by topic for publishers'),
    ],
)
def test_names_that_are_no_text(error: Exception) -> None:
    query = raising(error)
    node = SimpleNamespace(get_publishers_info_by_topic=query, get_topic_names_and_types=query)
    assert publishers_on(node, '/image') == []
    assert topics_and_types(node) == []


def test_a_bug_of_our_own_is_not_hidden() -> None:
    node = SimpleNamespace(get_publishers_info_by_topic=raising(TypeError('a bug')))
    with pytest.raises(TypeError):
        publishers_on(node, '/image')


@pytest.mark.parametrize(
    'name', ['/bad name', '/a//b', '/{x}', '', '/\u00e9', '/1abc', '/a~b', '/a' * 101, 'image']
)
def test_names_that_rclpy_rejects(name: str) -> None:
    """Other programs of the middleware may use them; asking for their publishers would raise."""
    assert not is_valid_name(name)
    types = ['sensor_msgs/msg/Image']
    names = [(name, types), ('/image', types)]
    node = SimpleNamespace(get_topic_names_and_types=lambda: names)
    assert topics_and_types(node)[-1:] == [('/image', types)]
    assert len(topics_and_types(node)) == 1
