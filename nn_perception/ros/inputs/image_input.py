"""The images of one camera, as one node receives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from nn_perception.ros.inputs.image_topics import compressed_topic
from nn_perception.ros.inputs.shared_image_subscription import (
    ImageListener,
    ReceivedImage,
    SharedImageSubscriptions,
)
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy

_TYPE_NAMES = {
    'raw': 'sensor_msgs/msg/Image',
    'compressed': 'sensor_msgs/msg/CompressedImage',
}
# Topics that end so carry drawn results, not a camera's images.
_OVERLAY = '/overlay'


class Input(Protocol):
    """Something that a camera node subscribes to while it is active and enabled."""

    def open(self) -> None:
        """Subscribe; does nothing if it is open."""

    def close(self) -> None:
        """Unsubscribe; does nothing if it is closed."""

    def refresh(self) -> None:
        """Adapt to changed publishers; called once a second."""


@dataclass(frozen=True)
class ImageTopic:
    """
    What an image subscription is asked for.

    :ivar name: topic of the raw images, before remapping
    :ivar transport: ``'raw'`` or ``'compressed'``
    :ivar reliability: ``'auto'``, ``'reliable'`` or ``'best_effort'``
    """

    name: str
    transport: str
    reliability: str


class ImageInput:
    """
    Receive a camera's images.

    :param node: node that receives
    :param subscriptions: of the process
    :param topic: what to subscribe to
    :param on_image: called with each image, in the executor's thread
    """

    def __init__(
        self,
        node: Node,
        subscriptions: SharedImageSubscriptions,
        topic: ImageTopic,
        on_image: Callable[[ReceivedImage], None],
    ) -> None:
        self._node = node
        self._transport = topic.transport
        name = topic.name if topic.transport == 'raw' else compressed_topic(node, topic.name)
        self._subscription = subscriptions.get(node, name, topic.transport, topic.reliability)
        self._listener = ImageListener(on_image)
        self._open = False

    @property
    def topic(self) -> str:
        """Name of the topic, after remapping."""
        return self._subscription.topic

    @property
    def reliability(self) -> str:
        """Current reliability of the subscription: ``'reliable'`` or ``'best_effort'``."""
        return str(self._subscription.reliability.name.lower())

    @property
    def received(self) -> int:
        """Number of images received."""
        return self._listener.received

    @property
    def lost(self) -> int:
        """Number of images lost in transport."""
        return self._listener.lost

    @property
    def skipped(self) -> int:
        """Number of images lost in transport or replaced in the middleware's queue."""
        return self._listener.skipped

    def open(self) -> None:
        """Subscribe; does nothing if it is open."""
        if not self._open:
            self._open = True
            self._subscription.add_listener(self._listener)

    def close(self) -> None:
        """Unsubscribe; the counts remain."""
        if self._open:
            self._open = False
            self._subscription.remove_listener(self._listener)

    def refresh(self) -> None:
        """Adapt to the publishers' reliability."""
        self._subscription.refresh()

    def silence_reason(self) -> str:
        """Explain why no image arrives, as far as the ROS graph shows it."""
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        if not publishers:
            return f'no publisher on {self.topic}; {self._other_topics()}'
        expected = _TYPE_NAMES[self._transport]
        if all(publisher.topic_type != expected for publisher in publishers):
            found = publishers[0].topic_type
            other = next((t for t, name in _TYPE_NAMES.items() if name == found), None)
            advice = f'; set image_transport: {other}' if other else ''
            return f'{self.topic} has the type {found}, expected {expected}{advice}'
        offered = {publisher.qos_profile.reliability for publisher in publishers}
        reliable = ReliabilityPolicy.RELIABLE
        if self._subscription.reliability == reliable and reliable not in offered:
            return (
                f'the publisher on {self.topic} only offers best effort; '
                'set image_reliability: auto or best_effort'
            )
        return (
            f'{len(publishers)} publisher(s) on {self.topic}, but no image received; a publisher '
            'of another user or in a container may be unreachable (docs/robot.md)'
        )

    def _other_topics(self) -> str:
        """Name the topics that images are published on."""
        wanted = set(_TYPE_NAMES.values())
        names = [
            name
            for name, types in self._node.get_topic_names_and_types()
            if wanted & set(types)
            and not name.endswith(_OVERLAY)
            and self._node.count_publishers(name)
        ]
        if not names:
            return 'no camera publishes in this ROS domain'
        return 'images are published on ' + ', '.join(sorted(names)[:5])
