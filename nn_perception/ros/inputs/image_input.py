"""The images of one camera, as one node receives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nn_perception.ros.inputs.graph import publishers_on
from nn_perception.ros.inputs.image_topics import compressed_topic
from nn_perception.ros.inputs.publisher_changes import WantedQos
from nn_perception.ros.inputs.shared_image_subscription import (
    ImageListener,
    ReceivedImage,
    SharedImageSubscriptions,
)
from nn_perception.ros.inputs.silence import SilentSubscription, TYPE_NAMES
from rclpy.node import Node


@dataclass(frozen=True)
class ImageTopic:
    """
    What to subscribe to.

    :ivar name: topic of the raw images, before remapping
    :ivar transport: ``'raw'`` or ``'compressed'``
    :ivar wanted: quality of service
    """

    name: str
    transport: str
    wanted: WantedQos


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
        self._topic = topic
        self._subscriptions = subscriptions
        raw = topic.transport == 'raw'
        self._subscribe_to(topic.name if raw else compressed_topic(node, topic.name))
        self._listener = ImageListener(on_image)
        self._open = False

    @property
    def topic(self) -> str:
        """Name of the topic, after remapping."""
        return self._subscription.topic

    @property
    def reliability(self) -> str:
        """Current reliability of the subscription: ``'reliable'`` or ``'best_effort'``."""
        return str(self._subscription.qos.reliability.name.lower())

    @property
    def durability(self) -> str:
        """Current durability of the subscription: ``'volatile'`` or ``'transient_local'``."""
        return str(self._subscription.qos.durability.name.lower())

    @property
    def shows_latched_image(self) -> bool:
        """Whether the newest image is one that its publisher keeps for late subscribers."""
        return self._subscription.shows_latched_image and bool(
            self._node.count_publishers(self.topic)
        )

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
        """Adapt to what the publishers offer."""
        self._find_compressed_images()
        self._subscription.refresh()

    def silence_reason(self) -> str:
        """Explain why no image arrives, as far as the ROS graph shows it."""
        return SilentSubscription(
            self._node,
            self._topic.name,
            self._image,
            self.topic,
            self._topic.transport,
            self._subscription.qos,
            self.received,
        ).reason()

    @property
    def _image(self) -> str:
        """Topic of the raw images, after remapping."""
        return str(self._node.resolve_topic_name(self._topic.name))

    def _find_compressed_images(self) -> None:
        """
        Receive compressed images where they are.

        They belong beside the raw ones, on ``image/compressed``; many people name the topic of the
        compressed images itself.
        """
        if self._topic.transport == 'raw' or self._is_published(self.topic):
            return
        for name in (compressed_topic(self._node, self._topic.name), self._topic.name):
            if self._is_published(self._node.resolve_topic_name(name)):
                was_open = self._open
                self.close()
                self._subscribe_to(name)
                if was_open:
                    self.open()
                return

    def _subscribe_to(self, name: str) -> None:
        topic = self._topic
        self._subscription = self._subscriptions.get(
            self._node, name, topic.transport, topic.wanted
        )

    def _is_published(self, topic: str) -> bool:
        """Tell whether somebody publishes images of the transport on a topic."""
        publishers = publishers_on(self._node, topic)
        return any(one.topic_type == TYPE_NAMES[self._topic.transport] for one in publishers)
