"""
What the ROS graph shows of the publishers of others.

Everybody on the network writes into it: where a name is no text, rclpy raises instead of leaving
it out, and a node must not end because of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rclpy.exceptions import NameValidationException
from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.validate_full_topic_name import validate_full_topic_name

T = TypeVar('T')

# rcl allows about 250 characters.
MAX_NAME = 200


def publishers_on(node: Node, topic: str) -> list[TopicEndpointInfo]:
    """
    Describe the publishers on a topic; none if one of them cannot be described.

    :param node: node that asks
    :param topic: name of the topic, after remapping
    """
    return _readable(lambda: node.get_publishers_info_by_topic(topic))


def subscriptions_on(node: Node, topic: str) -> list[TopicEndpointInfo]:
    """Describe the subscriptions on a topic, see :func:`publishers_on`."""
    return _readable(lambda: node.get_subscriptions_info_by_topic(topic))


def topics_and_types(node: Node) -> list[tuple[str, list[str]]]:
    """
    List all topics with their types; none if one of them cannot be read.

    Topics whose names rclpy would reject are left out: nobody can subscribe to them.
    """
    found = _readable(node.get_topic_names_and_types)
    return [(name, types) for name, types in found if is_valid_name(name)]


def is_valid_name(name: str) -> bool:
    """
    Tell whether rclpy accepts a name of the graph: of a topic, a service or a node.

    Those that are so long that nothing can be appended are left out too.
    """
    if len(name) > MAX_NAME:
        return False
    try:
        validate_full_topic_name(name)
    except (NameValidationException, ValueError):
        return False
    return True


def services_and_types(node: Node) -> list[tuple[str, list[str]]]:
    """List all services with their types; none if one of them cannot be read."""
    found = _readable(node.get_service_names_and_types)
    return [(name, types) for name, types in found if is_valid_name(name)]


def _readable(query: Callable[[], list[T]]) -> list[T]:
    try:
        return query()
    except (UnicodeError, RuntimeError):
        # RuntimeError: what rcl cannot answer while publishers come and go.
        return []
