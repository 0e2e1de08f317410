"""The images of a process: each topic is received once, and each image decoded once."""

from __future__ import annotations

import threading
from typing import Protocol

from nn_perception.ros.inputs.image_decoding import compressed_to_bgr, to_bgr
import numpy as np
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError

ImageMessage = Image | CompressedImage

UNBELIEVABLE = 1_000_000

TYPES = {'raw': Image, 'compressed': CompressedImage}
# Iron and newer hand the callback what the middleware knows about the message.
_HAS_MESSAGE_INFO = hasattr(Subscription, 'CallbackType')


class ReceivedImage:
    """
    An image message, for all the nodes of a process that look at it.

    :ivar message: as it came
    """

    def __init__(self, message: ImageMessage) -> None:
        self.message = message
        self._decoding = threading.Lock()
        self._bgr: np.ndarray | None = None

    def bgr(self) -> np.ndarray:
        """
        Decode it, unless another node has done so.

        :returns: uint8 BGR, ``(H, W, 3)``, read-only, since others look at it as well
        :raises ValueError: if it cannot be decoded
        """
        with self._decoding:
            if self._bgr is None:
                raw = isinstance(self.message, Image)
                self._bgr = to_bgr(self.message) if raw else compressed_to_bgr(self.message)
                self._bgr.flags.writeable = False
            return self._bgr


class Listener(Protocol):
    """Who gets the images of a feed; called from the executor's thread."""

    def on_frame(self, frame: ReceivedImage) -> None:
        """Take an image."""

    def on_gap(self, lost: int, skipped: int) -> None:
        """
        Count images that did not come.

        :param lost: on the way, as the middleware reports it
        :param skipped: gaps in the publisher's count: lost, or replaced by a newer one
        """


class SharedImageSubscription:
    """
    A subscription to images, keep last 1, while there are listeners.

    With ``reliability='auto'`` it is reliable as long as every publisher offers that, else best
    effort: a reliable subscription gets nothing from a best effort publisher, and a best effort
    one loses large images of a reliable publisher.

    :param owner: whose subscription it is
    :param topic: as ``owner`` names it
    :param transport: ``'raw'`` or ``'compressed'``
    :param reliability: ``'auto'``, ``'reliable'`` or ``'best_effort'``
    """

    def __init__(self, owner: Node, topic: str, transport: str, reliability: str) -> None:
        self._owner = owner
        self._topic = topic
        self._kind = TYPES[transport]
        self._reliability = reliability
        self._listeners: list[Listener] = []
        self._subscription: Subscription | None = None
        self._sequence_number: int | None = None
        self.subscribed_as = ReliabilityPolicy.RELIABLE
        # Events arrive inside the subscription that they may replace: answer them later.
        self._changed = owner.create_guard_condition(self.refresh)

    @property
    def topic(self) -> str:
        """The topic's name, after remapping."""
        return self._owner.resolve_topic_name(self._topic)

    def join(self, listener: Listener) -> None:
        """Hand images to a listener from now on."""
        self._listeners.append(listener)
        if self._subscription is None:
            self._subscribe(self._matching_reliability())

    def leave(self, listener: Listener) -> None:
        """Hand a listener nothing more; without any, nothing is received."""
        self._listeners.remove(listener)
        if not self._listeners:
            self._unsubscribe()

    def refresh(self) -> None:
        """Follow the publishers: subscribe anew if they now offer another reliability."""
        if self._subscription is None:
            return
        wanted = self._matching_reliability()
        if wanted != self.subscribed_as:
            self._unsubscribe()
            self._subscribe(wanted)

    def _matching_reliability(self) -> ReliabilityPolicy:
        if self._reliability != 'auto':
            return ReliabilityPolicy[self._reliability.upper()]
        publishers = self._owner.get_publishers_info_by_topic(self.topic)
        offered = {publisher.qos_profile.reliability for publisher in publishers}
        if ReliabilityPolicy.BEST_EFFORT in offered:
            return ReliabilityPolicy.BEST_EFFORT
        return ReliabilityPolicy.RELIABLE

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._owner.destroy_subscription(self._subscription)
            self._subscription = None

    def _subscribe(self, reliability: ReliabilityPolicy) -> None:
        self.subscribed_as = reliability
        self._sequence_number = None
        qos = QoSProfile(
            depth=1,
            history=HistoryPolicy.KEEP_LAST,
            reliability=reliability,
            durability=DurabilityPolicy.VOLATILE,
        )
        callback = self._on_message_with_info if _HAS_MESSAGE_INFO else self._on_message
        events = SubscriptionEventCallbacks(
            incompatible_qos=lambda _: self._changed.trigger(), message_lost=self._on_lost
        )
        try:
            self._subscription = self._owner.create_subscription(
                self._kind, self._topic, callback, qos, event_callbacks=events
            )
        except UnsupportedEventTypeError:
            # Another middleware: it works, but cannot tell what it lost.
            self._subscription = self._owner.create_subscription(
                self._kind, self._topic, callback, qos
            )

    def _on_lost(self, event: object) -> None:
        lost: int = event.total_count_change  # type: ignore[attr-defined]
        # When publishers come and go Fast DDS has been seen to report two thousand million.
        self._tell_gap(lost if 0 < lost < UNBELIEVABLE else 0, 0)

    def _on_message(self, message: ImageMessage) -> None:
        frame = ReceivedImage(message)
        for listener in self._listeners:
            listener.on_frame(frame)

    def _on_message_with_info(self, message: ImageMessage, info: dict[str, int | None]) -> None:
        # A gap in the publisher's count: lost on the way, or replaced in the middleware's
        # queue before this process took it. With several publishers the counts interleave.
        number = info['publication_sequence_number']
        if number is not None:
            before, self._sequence_number = self._sequence_number, number
            gap = number - before - 1 if before is not None else 0
            if gap > 0 and self._owner.count_publishers(self.topic) <= 1:
                self._tell_gap(0, gap)
        self._on_message(message)

    def _tell_gap(self, lost: int, skipped: int) -> None:
        for listener in self._listeners:
            listener.on_gap(lost, skipped)


class SharedImageSubscriptions:
    """
    The feeds of a process.

    :param owner: makes the subscriptions; None: the node that asks first for a feed, for a
        process of one node
    """

    def __init__(self, owner: Node | None = None) -> None:
        self._owner = owner
        self._feeds: dict[tuple[str, str, str], SharedImageSubscription] = {}

    def feed(
        self, node: Node, topic: str, transport: str, reliability: str
    ) -> SharedImageSubscription:
        """
        Give the feed of a topic, the same to all who ask for the same.

        :param topic: as ``node`` names it; see :class:`SharedImageSubscription` for the others
        """
        resolved = node.resolve_topic_name(topic)
        key = resolved, transport, reliability
        if key not in self._feeds:
            owner, name = (node, topic) if self._owner is None else (self._owner, resolved)
            self._feeds[key] = SharedImageSubscription(owner, name, transport, reliability)
        return self._feeds[key]
