"""The image subscription of a camera node: transport, reliability, and what got lost."""

from __future__ import annotations

from collections.abc import Callable

from nn_perception.nodes.topics import compressed_topic
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError

ImageMessage = Image | CompressedImage

_TYPES = {'raw': Image, 'compressed': CompressedImage}
_TYPE_NAMES = {
    'raw': 'sensor_msgs/msg/Image',
    'compressed': 'sensor_msgs/msg/CompressedImage',
}
# Iron and newer hand the callback what the middleware knows about the message.
_HAS_MESSAGE_INFO = hasattr(Subscription, 'CallbackType')


class ImageInput:
    """
    Subscribe to a camera, keep last 1.

    With ``reliability='auto'`` the subscription is reliable as long as every publisher
    offers that, else best effort: a reliable subscription gets nothing from a best
    effort publisher, and a best effort one loses large images of a reliable publisher.

    :param node: whose subscription it is; its executor calls ``on_image``
    :param name: of the topic of raw images, before remapping
    :param transport: ``'raw'`` or ``'compressed'``
    :param reliability: ``'auto'``, ``'reliable'`` or ``'best_effort'``
    :param on_image: called with each message
    """

    def __init__(
        self,
        node: Node,
        *,
        name: str = 'image',
        transport: str,
        reliability: str,
        on_image: Callable[[ImageMessage], None],
    ) -> None:
        self._node = node
        self._name = name
        self._transport = transport
        self._reliability = reliability
        self._on_image = on_image
        self._subscription: Subscription | None = None
        self._subscribed_as = ReliabilityPolicy.RELIABLE
        self._sequence_number: int | None = None
        # Events arrive inside the subscription that they may replace: answer them later.
        self._changed = node.create_guard_condition(self.refresh)
        self.received = 0
        self.lost = 0
        self.skipped = 0

    @property
    def topic(self) -> str:
        """The topic's name, after remapping."""
        return self._node.resolve_topic_name(self._topic_name())

    @property
    def reliability(self) -> str:
        """What is subscribed with at present: ``'reliable'`` or ``'best_effort'``."""
        return self._subscribed_as.name.lower()

    def open(self) -> None:
        """Subscribe; does nothing if it is open."""
        if self._subscription is None:
            self._subscribe(self._matching_reliability())

    def close(self) -> None:
        """Unsubscribe; the counts stay."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def refresh(self) -> None:
        """Follow the publishers: subscribe anew if they now offer another reliability."""
        if self._subscription is None:
            return
        wanted = self._matching_reliability()
        if wanted != self._subscribed_as:
            self.close()
            self._subscribe(wanted)

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
        if self._subscribed_as == reliable and reliable not in offered:
            return (
                f'the publisher of {self.topic} offers best effort only; '
                'set image_reliability: auto or best_effort'
            )
        return f'{len(publishers)} publisher(s) on {self.topic}, but no image has come'

    def _topic_name(self) -> str:
        return self._name if self._transport == 'raw' else compressed_topic(self._node)

    def _matching_reliability(self) -> ReliabilityPolicy:
        if self._reliability != 'auto':
            return ReliabilityPolicy[self._reliability.upper()]
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        offered = {publisher.qos_profile.reliability for publisher in publishers}
        if ReliabilityPolicy.BEST_EFFORT in offered:
            return ReliabilityPolicy.BEST_EFFORT
        return ReliabilityPolicy.RELIABLE

    def _subscribe(self, reliability: ReliabilityPolicy) -> None:
        self._subscribed_as = reliability
        self._sequence_number = None
        qos = QoSProfile(
            depth=1,
            history=HistoryPolicy.KEEP_LAST,
            reliability=reliability,
            durability=DurabilityPolicy.VOLATILE,
        )
        callback = self._on_message_with_info if _HAS_MESSAGE_INFO else self._on_message
        kind, topic = _TYPES[self._transport], self._topic_name()
        events = SubscriptionEventCallbacks(
            incompatible_qos=lambda _: self._changed.trigger(), message_lost=self._on_lost
        )
        try:
            self._subscription = self._node.create_subscription(
                kind, topic, callback, qos, event_callbacks=events
            )
        except UnsupportedEventTypeError:
            # Another middleware: it works, but cannot tell what it lost.
            self._subscription = self._node.create_subscription(kind, topic, callback, qos)

    def _on_lost(self, event: object) -> None:
        self.lost += event.total_count_change  # type: ignore[attr-defined]

    def _on_message(self, msg: ImageMessage) -> None:
        self.received += 1
        self._on_image(msg)

    def _on_message_with_info(self, msg: ImageMessage, info: dict[str, int | None]) -> None:
        # A gap in the publisher's count: lost on the way, or replaced in the middleware's
        # queue before this process took it. With several publishers the counts interleave.
        number = info['publication_sequence_number']
        if number is not None:
            before, self._sequence_number = self._sequence_number, number
            gap = number - before - 1 if before is not None else 0
            if gap > 0 and self._node.count_publishers(self.topic) <= 1:
                self.skipped += gap
        self._on_message(msg)

    def _hint_at_other_topics(self) -> str:
        wanted = set(_TYPE_NAMES.values())
        names = [
            name
            for name, types in self._node.get_topic_names_and_types()
            if wanted & set(types) and self._is_published_by_another_node(name)
        ]
        if not names:
            return 'no camera is running in this domain'
        return 'images are published on ' + ', '.join(sorted(names)[:5])

    def _is_published_by_another_node(self, topic: str) -> bool:
        own = self._node.get_name(), self._node.get_namespace()
        publishers = self._node.get_publishers_info_by_topic(topic)
        return any((p.node_name, p.node_namespace) != own for p in publishers)
