"""The ROS graph, in which everybody may write."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from nn_perception.ros.inputs.graph import publishers_on, topics_and_types
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
