"""Image subscriptions of a process: each topic is received once, and each image decoded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
import threading
from typing import Any

from builtin_interfaces.msg import Time
from nn_perception.core.imaging.formats.container import MAX_PIXELS
from nn_perception.ros.inputs.graph import publishers_on
from nn_perception.ros.inputs.image_decoding import compressed_to_bgr, to_bgr
from nn_perception.ros.inputs.latched_image import LatchedImage
from nn_perception.ros.inputs.publisher_changes import (
    MatchingQos,
    QosChoice,
    Remains,
    WantedQos,
)
from nn_perception.ros.inputs.serialized_fields import SerializedMessageError
from nn_perception.ros.inputs.serialized_images import ImageMessage, read_image_message
from nn_perception.ros.outputs.qos import image_qos
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError

MESSAGE_TYPES = {'raw': Image, 'compressed': CompressedImage}
# Fast DDS reports two thousand million lost images at times when publishers come and go.
MAX_CREDIBLE_LOSS = 1_000_000
LOG_PERIOD_S = 10.0
# From Iron on, rclpy passes the middleware's message info to the callback.
_HAS_MESSAGE_INFO = hasattr(Subscription, 'CallbackType')
_HAS_MATCHED_EVENT = 'matched' in signature(SubscriptionEventCallbacks).parameters


def stamp_seconds(stamp: Time) -> float:
    """Convert a stamp to seconds; an unset stamp gives 0.0."""
    return float(stamp.sec + stamp.nanosec * 1e-9)


class ReceivedImage:
    """
    An image message that all nodes of a process share.

    :ivar message: sensor_msgs/Image or CompressedImage
    :ivar stamp_s: when it was captured, in seconds; 0.0 if the header has no stamp
    """

    def __init__(self, message: ImageMessage) -> None:
        self.message = message
        self.stamp_s = stamp_seconds(message.header.stamp)
        self._decoding = threading.Lock()
        self._image_bgr: NDArray[np.uint8] | None = None

    def bgr(self, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
        """
        Decode the image, unless another node already did.

        :param max_pixels: width times height of the largest image that is decoded
        :returns: uint8 BGR, ``(H, W, 3)``, read-only because other nodes use it too
        :raises ValueError: if it cannot be decoded, or is larger
        """
        with self._decoding:
            image_bgr = self._image_bgr
            # Another node may have decoded it with another limit.
            if image_bgr is None or image_bgr[..., 0].size > max_pixels:
                decode = to_bgr if isinstance(self.message, Image) else compressed_to_bgr
                image_bgr = decode(self.message, max_pixels=max_pixels)
                image_bgr.flags.writeable = False
                self._image_bgr = image_bgr
            return image_bgr


@dataclass(eq=False)
class ImageListener:
    """
    Who receives the images of a subscription, and how many there were.

    :ivar on_image: called with each image, in the executor's thread
    :ivar received: number of images received
    :ivar lost: number of images lost in transport, as the middleware reports it
    :ivar skipped: gaps in the publisher's sequence numbers: images that were lost, or replaced by
        a newer one in the middleware's queue
    """

    on_image: Callable[[ReceivedImage], None]
    received: int = 0
    lost: int = 0
    skipped: int = 0


class SharedImageSubscription:
    """
    A subscription to images, keep last 1, as long as it has listeners.

    It takes bytes, see :mod:`nn_perception.ros.inputs.serialized_fields`.

    :param owner: node that subscribes
    :param topic: name of the topic, as the owner resolves it
    :param transport: ``'raw'`` or ``'compressed'``
    :param wanted: what the parameters want of it

    :ivar qos: what it asks of the publishers
    """

    def __init__(self, owner: Node, topic: str, transport: str, wanted: WantedQos) -> None:
        self._owner = owner
        self._topic = topic
        self._message_type = MESSAGE_TYPES[transport]
        self._choice = QosChoice(wanted)
        self._latched: LatchedImage[ReceivedImage] = LatchedImage()
        self._remains = Remains()
        self._listeners: list[ImageListener] = []
        self._subscription: Subscription | None = None
        self._sequence_number: int | None = None
        self.qos = MatchingQos()
        # An event may replace the subscription that it arrives in, so it is handled later.
        self._publishers_changed = owner.create_guard_condition(self.refresh)

    @property
    def topic(self) -> str:
        """Name of the topic, after remapping."""
        return str(self._owner.resolve_topic_name(self._topic))

    @property
    def shows_latched_image(self) -> bool:
        """Whether the publishers are latched, send seldom, and an image was received."""
        return self.qos.latched and self._latched.is_shown

    def add_listener(self, listener: ImageListener) -> None:
        """Pass images to a listener from now on; a latched one that is there at once."""
        self._listeners.append(listener)
        if self._subscription is None:
            self._subscribe(self._matching_qos())
        elif self._latched.newest is not None:
            self._pass_on(self._latched.newest, [listener])

    def remove_listener(self, listener: ImageListener) -> None:
        """Pass no more images to a listener; without listeners the subscription ends."""
        self._listeners.remove(listener)
        if not self._listeners:
            self._unsubscribe()
            self._latched.clear()

    def refresh(self) -> None:
        """Subscribe again if the publishers now offer something else, or left too much."""
        if self._subscription is None:
            return
        qos = self._matching_qos()
        if qos != self.qos or self._remains.too_many:
            self._unsubscribe()
            self._subscribe(qos)

    def _matching_qos(self) -> MatchingQos:
        publishers = publishers_on(self._owner, self.topic) if self._choice.automatic else ()
        return self._choice.choose(publisher.qos_profile for publisher in publishers)

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._owner.destroy_subscription(self._subscription)
            self._subscription = None

    def _subscribe(self, qos: MatchingQos) -> None:
        self.qos = qos
        self._sequence_number = None
        self._remains.clear()
        callback = self._on_bytes_with_info if _HAS_MESSAGE_INFO else self._on_bytes
        arguments = self._message_type, self._topic, callback, image_qos(*qos)
        try:
            self._subscription = self._owner.create_subscription(
                *arguments, event_callbacks=self._events(), raw=True
            )
        except UnsupportedEventTypeError:
            # This middleware cannot report lost messages; everything else works.
            self._subscription = self._owner.create_subscription(*arguments, raw=True)

    def _events(self) -> SubscriptionEventCallbacks:
        best_effort = self.qos.reliability == ReliabilityPolicy.BEST_EFFORT
        matched = {'matched': self._on_matched} if _HAS_MATCHED_EVENT and best_effort else {}
        return SubscriptionEventCallbacks(
            incompatible_qos=lambda _: self._publishers_changed.trigger(),
            message_lost=self._on_lost,
            **matched,
        )

    def _on_matched(self, event: Any) -> None:
        # What arrived, less the growth of those present.
        self._remains.departed(event.total_count_change - event.current_count_change)

    def _on_lost(self, event: Any) -> None:
        lost = event.total_count_change
        if 0 < lost < MAX_CREDIBLE_LOSS:
            for listener in self._listeners:
                listener.lost += lost

    def _on_bytes(self, serialized: bytes) -> None:
        image = self._read(serialized)
        if image is not None:
            self._latched.received(image, latched=self.qos.latched)
            self._pass_on(image, self._listeners)

    def _read(self, serialized: bytes) -> ReceivedImage | None:
        """Read a message; None if it is empty, or no image message, which is logged."""
        self._remains.received(len(serialized))
        if not serialized:
            return None
        try:
            return ReceivedImage(read_image_message(serialized, self._message_type))
        except SerializedMessageError as error:
            self._owner.get_logger().warning(
                f'a message on {self.topic} was dropped: {error}',
                throttle_duration_sec=LOG_PERIOD_S,
            )
            return None

    def _pass_on(self, image: ReceivedImage, listeners: Sequence[ImageListener]) -> None:
        for listener in listeners:
            listener.received += 1
            listener.on_image(image)

    def _on_bytes_with_info(self, serialized: bytes, info: dict[str, int | None]) -> None:
        # A gap in the sequence numbers: images that were lost in transport, or replaced in the
        # middleware's queue. The numbers of several publishers interleave and show nothing.
        repeated = bool(serialized) and self._latched.is_repeated(info.get('source_timestamp'))
        if repeated and self.qos.latched:
            # It was passed on by the subscription before this one.
            self._latched.newest = self._read(serialized)
            return
        number = info['publication_sequence_number'] if serialized else None
        if number is not None:
            previous, self._sequence_number = self._sequence_number, number
            gap = number - previous - 1 if previous is not None else 0
            if gap > 0 and self._owner.count_publishers(self.topic) <= 1:
                for listener in self._listeners:
                    listener.skipped += gap
        self._on_bytes(serialized)


class SharedImageSubscriptions:
    """
    The image subscriptions of a process.

    :param owner: node that makes the subscriptions; None: the node that asks for one, for a
        process with a single node
    """

    def __init__(self, owner: Node | None = None) -> None:
        self._owner = owner
        self._subscriptions: dict[tuple[str, str, WantedQos], SharedImageSubscription] = {}

    def get(
        self, node: Node, topic: str, transport: str, wanted: WantedQos
    ) -> SharedImageSubscription:
        """
        Get the subscription to a topic; all who ask for the same topic share one.

        :param node: node that asks
        :param topic: name of the topic, as the node resolves it
        :param transport: ``'raw'`` or ``'compressed'``
        :param wanted: what the parameters want of it
        """
        resolved = node.resolve_topic_name(topic)
        key = resolved, transport, wanted
        if key not in self._subscriptions:
            owner, name = self._owner_for(node, topic, resolved)
            self._subscriptions[key] = SharedImageSubscription(owner, name, transport, wanted)
        return self._subscriptions[key]

    def _owner_for(self, node: Node, topic: str, resolved: str) -> tuple[Node, str]:
        """Choose the node that subscribes, and the name of the topic before its remappings."""
        owner = self._owner
        # The owner's remappings apply to the name once more: two topics that are swapped would be
        # swapped back.
        if owner is None or owner.resolve_topic_name(resolved) != resolved:
            return node, topic
        return owner, resolved
