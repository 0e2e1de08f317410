"""Image subscriptions of a process: each topic is received once, and each image decoded once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import threading
from typing import Any, TypeAlias

from builtin_interfaces.msg import Time
from nn_perception.core.imaging.formats.container import MAX_PIXELS
from nn_perception.ros.inputs.image_decoding import compressed_to_bgr, to_bgr
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

ImageMessage: TypeAlias = Image | CompressedImage

MESSAGE_TYPES = {'raw': Image, 'compressed': CompressedImage}
# Fast DDS reports two thousand million lost images at times when publishers come and go.
MAX_CREDIBLE_LOSS = 1_000_000
# From Iron on, rclpy passes the middleware's message info to the callback.
_HAS_MESSAGE_INFO = hasattr(Subscription, 'CallbackType')


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

    With ``reliability='auto'`` it is reliable while every publisher is, else best effort: a
    reliable subscription receives nothing from a best effort publisher, and a best effort
    subscription loses large images of a reliable one.

    :param owner: node that subscribes
    :param topic: name of the topic, as the owner resolves it
    :param transport: ``'raw'`` or ``'compressed'``
    :param reliability: ``'auto'``, ``'reliable'`` or ``'best_effort'``
    """

    def __init__(self, owner: Node, topic: str, transport: str, reliability: str) -> None:
        self._owner = owner
        self._topic = topic
        self._message_type = MESSAGE_TYPES[transport]
        self._wanted_reliability = reliability
        self._listeners: list[ImageListener] = []
        self._subscription: Subscription | None = None
        self._sequence_number: int | None = None
        self.reliability = ReliabilityPolicy.RELIABLE
        # An event may replace the subscription that it arrives in, so it is handled later.
        self._publishers_changed = owner.create_guard_condition(self.refresh)

    @property
    def topic(self) -> str:
        """Name of the topic, after remapping."""
        return str(self._owner.resolve_topic_name(self._topic))

    def add_listener(self, listener: ImageListener) -> None:
        """Pass images to a listener from now on."""
        self._listeners.append(listener)
        if self._subscription is None:
            self._subscribe(self._matching_reliability())

    def remove_listener(self, listener: ImageListener) -> None:
        """Pass no more images to a listener; without listeners the subscription ends."""
        self._listeners.remove(listener)
        if not self._listeners:
            self._unsubscribe()

    def refresh(self) -> None:
        """Subscribe again if the publishers now offer another reliability."""
        if self._subscription is None:
            return
        reliability = self._matching_reliability()
        if reliability != self.reliability:
            self._unsubscribe()
            self._subscribe(reliability)

    def _matching_reliability(self) -> ReliabilityPolicy:
        if self._wanted_reliability != 'auto':
            return ReliabilityPolicy[self._wanted_reliability.upper()]
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
        self.reliability = reliability
        self._sequence_number = None
        callback = self._on_message_with_info if _HAS_MESSAGE_INFO else self._on_message
        arguments = self._message_type, self._topic, callback, image_qos(reliability)
        events = SubscriptionEventCallbacks(
            incompatible_qos=lambda _: self._publishers_changed.trigger(),
            message_lost=self._on_lost,
        )
        try:
            self._subscription = self._owner.create_subscription(
                *arguments, event_callbacks=events
            )
        except UnsupportedEventTypeError:
            # This middleware cannot report lost messages; everything else works.
            self._subscription = self._owner.create_subscription(*arguments)

    def _on_lost(self, event: Any) -> None:
        lost = event.total_count_change
        if 0 < lost < MAX_CREDIBLE_LOSS:
            for listener in self._listeners:
                listener.lost += lost

    def _on_message(self, message: ImageMessage) -> None:
        image = ReceivedImage(message)
        for listener in self._listeners:
            listener.received += 1
            listener.on_image(image)

    def _on_message_with_info(self, message: ImageMessage, info: dict[str, int | None]) -> None:
        # A gap in the sequence numbers: images that were lost in transport, or replaced in the
        # middleware's queue. The numbers of several publishers interleave and show nothing.
        number = info['publication_sequence_number']
        if number is not None:
            previous, self._sequence_number = self._sequence_number, number
            gap = number - previous - 1 if previous is not None else 0
            if gap > 0 and self._owner.count_publishers(self.topic) <= 1:
                for listener in self._listeners:
                    listener.skipped += gap
        self._on_message(message)


class SharedImageSubscriptions:
    """
    The image subscriptions of a process.

    :param owner: node that makes the subscriptions; None: the node that asks for one, for a
        process with a single node
    """

    def __init__(self, owner: Node | None = None) -> None:
        self._owner = owner
        self._subscriptions: dict[tuple[str, str, str], SharedImageSubscription] = {}

    def get(
        self, node: Node, topic: str, transport: str, reliability: str
    ) -> SharedImageSubscription:
        """
        Get the subscription to a topic; all who ask for the same topic share one.

        :param node: node that asks
        :param topic: name of the topic, as the node resolves it
        :param transport: ``'raw'`` or ``'compressed'``
        :param reliability: ``'auto'``, ``'reliable'`` or ``'best_effort'``
        """
        resolved = node.resolve_topic_name(topic)
        key = resolved, transport, reliability
        if key not in self._subscriptions:
            owner, name = self._owner_for(node, topic, resolved)
            self._subscriptions[key] = SharedImageSubscription(owner, name, transport, reliability)
        return self._subscriptions[key]

    def _owner_for(self, node: Node, topic: str, resolved: str) -> tuple[Node, str]:
        """Choose the node that subscribes, and the name of the topic before its remappings."""
        owner = self._owner
        # The owner's remappings apply to the name once more: two topics that are swapped would be
        # swapped back.
        if owner is None or owner.resolve_topic_name(resolved) != resolved:
            return node, topic
        return owner, resolved
