"""The microphones of a ROS graph, and the nodes that hear them."""

from __future__ import annotations

from collections.abc import Mapping

from nn_perception.ros.inputs.audio_messages import READERS
from nn_perception.ros.inputs.graph import is_valid_name, subscriptions_on, topics_and_types
from rclpy.node import Node

TAGS_TOPIC = 'tags'
_TAGS_TYPE = 'vision_msgs/msg/Classification'


def audio_topics(node: Node) -> list[str]:
    """List the topics with sound that somebody publishes."""
    return [
        name
        for name, types in topics_and_types(node)
        if not READERS.keys().isdisjoint(types) and node.count_publishers(name)
    ]


def hearing_nodes(node: Node) -> Mapping[str, frozenset[str]]:
    """
    Find the nodes that tag sound.

    :returns: fully qualified name of each -> topics that it hears
    """
    topics = topics_and_types(node)
    tags = {name for name, types in topics if _TAGS_TYPE in types}
    found: dict[str, set[str]] = {}
    for topic, types in topics:
        if READERS.keys().isdisjoint(types):
            continue
        for endpoint in subscriptions_on(node, topic):
            name = f'{endpoint.node_namespace.rstrip("/")}/{endpoint.node_name}'
            if f'{name}/{TAGS_TOPIC}' in tags and is_valid_name(name):
                found.setdefault(name, set()).add(topic)
    return {name: frozenset(heard) for name, heard in sorted(found.items())}
