"""The images of one camera, as one node gets them: what came, what got lost, why none comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nn_perception.ros.inputs.image_topics import compressed_topic
from nn_perception.ros.inputs.shared_image_subscription import (
    ReceivedImage,
    SharedImageSubscriptions,
)
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy

_TYPE_NAMES = {
    'raw': 'sensor_msgs/msg/Image',
    'compressed': 'sensor_msgs/msg/CompressedImage',
}
# Pictures that nodes draw, not those of a camera.
_DRAWN = '/overlay'


class Input(Protocol):
    """What a camera node listens to while it is active and enabled."""

    def open(self) -> None:
        """Subscribe; does nothing if it is open."""

    def close(self) -> None:
        """Unsubscribe; does nothing if it is closed."""

    def refresh(self) -> None:
        """Follow changes of the publishers; called once a second."""


class ImageInput:
    """
    Listen to a camera.

    :param node: who listens
    :param feeds: of the process, see :class:`SharedImageSubscription`
    :param name: of the topic of raw images, before remapping
    :param transport: ``'raw'`` or ``'compressed'``
    :param reliability: ``'auto'``, ``'reliable'`` or ``'best_effort'``
    :param on_frame: called with each image, from the executor's thread
    """

    def __init__(
        self,
        node: Node,
        feeds: SharedImageSubscriptions,
        *,
        name: str = 'image',
        transport: str,
        reliability: str,
        on_frame: Callable[[ReceivedImage], None],
    ) -> None:
        self._node = node
        self._transport = transport
        self._on_frame = on_frame
        topic = name if transport == 'raw' else compressed_topic(node, name)
        self._feed = feeds.feed(node, topic, transport, reliability)
        self._open = False
        self.received = 0
        self.lost = 0
        self.skipped = 0

    @property
    def topic(self) -> str:
        """The topic's name, after remapping."""
        return self._feed.topic

    @property
    def reliability(self) -> str:
        """What is subscribed with at present: ``'reliable'`` or ``'best_effort'``."""
        return self._feed.subscribed_as.name.lower()

    def open(self) -> None:
        """Begin to listen; does nothing if it is open."""
        if not self._open:
            self._open = True
            self._feed.join(self)

    def close(self) -> None:
        """Listen no more; the counts stay."""
        if self._open:
            self._open = False
            self._feed.leave(self)

    def refresh(self) -> None:
        """Follow the publishers' reliability."""
        self._feed.refresh()

    def on_frame(self, frame: ReceivedImage) -> None:
        """Count an image and hand it on."""
        self.received += 1
        self._on_frame(frame)

    def on_gap(self, lost: int, skipped: int) -> None:
        """Count images that did not come, see :class:`Listener`."""
        self.lost += lost
        self.skipped += skipped

    def silence_reason(self) -> str:
        """Say in plain words why no image arrives, as far as the graph can tell."""
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        if not publishers:
            return f'nobody publishes on {self.topic}; {self._hint_at_other_topics()}'
        expected = _TYPE_NAMES[self._transport]
        if all(publisher.topic_type != expected for publisher in publishers):
            found = publishers[0].topic_type
            other = next((t for t, name in _TYPE_NAMES.items() if name == found), None)
            advice = f'; set image_transport: {other}' if other else ''
            return f'{self.topic} carries {found}, expected {expected}{advice}'
        offered = {publisher.qos_profile.reliability for publisher in publishers}
        reliable = ReliabilityPolicy.RELIABLE
        if self._feed.subscribed_as == reliable and reliable not in offered:
            return (
                f'the publisher of {self.topic} offers best effort only; '
                'set image_reliability: auto or best_effort'
            )
        return (
            f'{len(publishers)} publisher(s) on {self.topic}, but no image has come; '
            'one that runs as another user or in a container is not heard (docs/robot.md)'
        )

    def _hint_at_other_topics(self) -> str:
        wanted = set(_TYPE_NAMES.values())
        names = [
            name
            for name, types in self._node.get_topic_names_and_types()
            if wanted & set(types)
            and not name.endswith(_DRAWN)
            and self._node.count_publishers(name)
        ]
        if not names:
            return 'no camera is running in this domain'
        return 'images are published on ' + ', '.join(sorted(names)[:5])
