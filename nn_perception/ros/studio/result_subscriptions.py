"""Subscriptions to the results of all nodes of a graph, while somebody wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from nn_perception.ros.inputs.graph import is_valid_name, publishers_on, topics_and_types
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.ros.studio.image_keys import ImageKey
from nn_perception.ros.studio.result_values import digit_text, digit_values, RESULTS
from nn_perception.ros.studio.sounds.hearing_nodes import hearing_nodes
from nn_perception.studio.backend.capabilities import DIGITS
from rclpy.node import Node
from rclpy.subscription import Subscription
from std_msgs.msg import String
from vision_msgs.msg import Detection2DArray

_UNKNOWN_NODE = '_NODE_NAME_UNKNOWN_'
# Many detectors publish Detection2DArray: those of a digit reader are named so.
_DIGITS_END = '/digits'
_TEXT = 'text'


@dataclass(frozen=True)
class ResultTopic:
    """
    A topic with results.

    :ivar capability: one of :data:`nn_perception.studio.backend.capabilities.CAPABILITIES`
    :ivar name: of the topic
    :ivar nodes: fully qualified names of the nodes that publish on it
    """

    capability: str
    name: str
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """
    A result of a node.

    :ivar capability: see :class:`ResultTopic`
    :ivar key: of the image that it belongs to
    :ivar values: see :class:`nn_perception.studio.backend.cameras.CameraResult`
    :ivar nodes: that publish on its topic
    """

    capability: str
    key: ImageKey
    values: Mapping[str, Any]
    nodes: tuple[str, ...]


def result_topics(node: Node) -> Iterator[ResultTopic]:
    """Find the topics with results, and who publishes on them."""
    # Their tags are of what they hear.
    hearing = hearing_nodes(node)
    for name, types in topics_and_types(node):
        for capability, (kind, _) in RESULTS.items():
            named_so = capability != DIGITS or name.endswith(_DIGITS_END)
            if named_so and _full_name(kind) in types:
                nodes = sorted(_publishing_nodes(node, name) - hearing.keys())
                if nodes:
                    yield ResultTopic(capability, name, tuple(nodes))


def _full_name(kind: type) -> str:
    return f'{kind.__module__.partition(".")[0]}/msg/{kind.__name__}'


def _publishing_nodes(node: Node, topic: str) -> set[str]:
    names = {
        f'{publisher.node_namespace.rstrip("/")}/{publisher.node_name}'
        for publisher in publishers_on(node, topic)
        if publisher.node_name != _UNKNOWN_NODE
    }
    return {name for name in names if is_valid_name(name)}


class ResultSubscriptions:
    """
    Subscribe to the results of all nodes; used in the executor's thread only.

    :param node: node that subscribes
    :param on_result: called with each result
    """

    def __init__(self, node: Node, on_result: Callable[[Result], None]) -> None:
        self._node = node
        self._on_result = on_result
        self._wanted: frozenset[str] = frozenset()
        self._open: dict[ResultTopic, list[Subscription]] = {}
        self._texts: dict[ResultTopic, str] = {}
        self._unread: dict[ResultTopic, Detection2DArray] = {}

    def want(self, capabilities: frozenset[str]) -> None:
        """Choose the results that are wanted."""
        if capabilities != self._wanted:
            self._wanted = capabilities
            self.refresh()

    def refresh(self) -> None:
        """Follow the nodes that come and go."""
        found = set()
        if self._wanted:
            found = {one for one in result_topics(self._node) if one.capability in self._wanted}
        for topic in self._open.keys() - found:
            self._close(topic)
        for topic in found - self._open.keys():
            self._subscribe(topic)
        for topic in list(self._unread):
            # Nobody publishes the text, or it was lost.
            self._pass_on_digits(topic, None)

    def close(self) -> None:
        """Unsubscribe from all."""
        for topic in list(self._open):
            self._close(topic)

    def _subscribe(self, topic: ResultTopic) -> None:
        kind, _ = RESULTS[topic.capability]
        if topic.capability == DIGITS:
            text = f'{topic.name.rpartition("/")[0]}/{_TEXT}'
            wanted = [(kind, topic.name, self._on_digits), (String, text, self._on_text)]
        else:
            wanted = [(kind, topic.name, self._on_message)]
        self._open[topic] = [
            self._node.create_subscription(kind, name, partial(callback, topic), RESULT_QOS)
            for kind, name, callback in wanted
        ]

    def _close(self, topic: ResultTopic) -> None:
        for subscription in self._open.pop(topic):
            self._node.destroy_subscription(subscription)
        self._texts.pop(topic, None)
        self._unread.pop(topic, None)

    def _on_message(self, topic: ResultTopic, msg: Any) -> None:
        _, values = RESULTS[topic.capability]
        self._pass_on(topic, msg, values(msg))

    def _on_digits(self, topic: ResultTopic, msg: Detection2DArray) -> None:
        """Wait for the text that is published after the digits, unless it was faster."""
        if topic in self._unread:
            self._pass_on_digits(topic, None)
        self._unread[topic] = msg
        text = self._texts.pop(topic, None)
        if text is not None and _belong_together(msg, text):
            self._pass_on_digits(topic, text)

    def _on_text(self, topic: ResultTopic, msg: String) -> None:
        digits = self._unread.get(topic)
        if digits is not None and _belong_together(digits, msg.data):
            self._pass_on_digits(topic, msg.data)
        else:
            self._texts[topic] = msg.data

    def _pass_on_digits(self, topic: ResultTopic, text: str | None) -> None:
        msg = self._unread.pop(topic)
        self._pass_on(topic, msg, digit_values(msg, text))

    def _pass_on(self, topic: ResultTopic, msg: Any, values: Mapping[str, Any]) -> None:
        self._on_result(Result(topic.capability, ImageKey.of(msg.header), values, topic.nodes))


def _belong_together(digits: Detection2DArray, text: str) -> bool:
    return text.replace('\n', '') == digit_text(digits)
