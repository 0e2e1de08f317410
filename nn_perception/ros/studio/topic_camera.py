"""A camera topic that people watch."""

from __future__ import annotations

from collections.abc import Callable
import time

from nn_perception.core.quoting import shortened
from nn_perception.ros.inputs.image_input import ImageInput, ImageTopic
from nn_perception.ros.inputs.publisher_changes import WantedQos
from nn_perception.ros.inputs.shared_image_subscription import (
    ReceivedImage,
    SharedImageSubscriptions,
)
from nn_perception.ros.studio.camera_topics import CameraTopic
from nn_perception.ros.studio.image_converter import ImageConverter, jpeg_for_browsers
from nn_perception.ros.studio.image_keys import ImageKey, RecentImages
from nn_perception.studio.backend.cameras import CameraResult
from nn_perception.studio.viewer.feed import Feed
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

# No image for so long is worth a word.
SILENT_AFTER_S = 2.0
MAX_SIDE_PX = 65_500
_ADVICE = '; images are published on'


class TopicCamera:
    """
    Receive the images of a topic while somebody watches; used in the executor's thread.

    :ivar name: see :class:`CameraTopic`
    :ivar feed: passes images and results on to those who watch

    :param node: node that subscribes
    :param subscriptions: of the process
    :param name: see :class:`CameraTopic`
    :param find: finds the topic of a name; None if nobody publishes images there
    """

    def __init__(
        self,
        node: Node,
        subscriptions: SharedImageSubscriptions,
        name: str,
        feed: Feed,
        find: Callable[[str], CameraTopic | None],
    ) -> None:
        self.name = name
        self.feed = feed
        self._node = node
        self._subscriptions = subscriptions
        self._find = find
        self._images: RecentImages[CameraResult] = RecentImages()
        self._converter = ImageConverter(f'convert {name}', self._convert)
        self._input: ImageInput | None = None
        self._transport = ''
        self._newest_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it is subscribed."""
        return self._input is not None

    def open(self) -> None:
        """Subscribe; does nothing if it is open."""
        if self._input is None:
            self._newest_s = time.monotonic()
            self._subscribe()

    def close(self) -> None:
        """Unsubscribe; does nothing if it is closed."""
        if self._input is not None:
            self._input.close()
            self._input = None
            self._converter.stop()
            self._images.clear()

    def refresh(self) -> None:
        """Follow the publishers; without images also to the other transport."""
        if self._input is None:
            return
        topic = self._find(self.name)
        if topic is not None and self._transport not in _published(topic):
            self._input.close()
            self._subscribe()
        self._input.refresh()

    def offer_result(self, key: ImageKey, result: CameraResult) -> None:
        """Pass a result on if it belongs to one of the images."""
        if self._input is not None and self._images.add_result(key, result):
            self.feed.offer_result(result)

    def silence_reason(self) -> str:
        """Say why no image arrives; empty if images arrive."""
        if self._input is None:
            return ''
        if self._converter.problem:
            return shortened(f'images are rejected: {self._converter.problem}')
        silent_s = time.monotonic() - self._newest_s
        if silent_s < SILENT_AFTER_S or self._input.shows_latched_image:
            return ''
        # A page offers the other topics itself.
        reason = self._input.silence_reason().partition(_ADVICE)[0]
        return f'no image for {silent_s:.0f} s: {reason}'

    def _subscribe(self) -> None:
        topic = self._find(self.name)
        self._transport = 'raw' if topic is None else topic.transport
        wanted = ImageTopic(self.name, self._transport, WantedQos())
        self._input = ImageInput(self._node, self._subscriptions, wanted, self._on_image)
        # Compressed images may be on the topic itself.
        self._input.refresh()
        self._input.open()

    def _on_image(self, image: ReceivedImage) -> None:
        self._newest_s = time.monotonic()
        key = ImageKey.of(image.message.header)
        for result in self._images.add_image(key):
            self.feed.offer_result(result)
        if isinstance(image.message, CompressedImage):
            jpeg = jpeg_for_browsers(memoryview(image.message.data))
            if jpeg is not None:
                self.feed.offer_jpeg(_stamp_ns(key), jpeg)
                return
        self._converter.put(image)

    def _convert(self, image: ReceivedImage) -> None:
        image_bgr = image.bgr()
        if max(image_bgr.shape) > MAX_SIDE_PX:
            raise ValueError(f'no JPEG can have a side of {max(image_bgr.shape)} pixels')
        self.feed.offer_image(_stamp_ns(ImageKey.of(image.message.header)), image_bgr)


def _published(topic: CameraTopic) -> list[str]:
    return ['raw'] * topic.raw + ['compressed'] * topic.compressed


def _stamp_ns(key: ImageKey) -> int:
    """Return the stamp of an image; of one without a stamp, the time of its receipt."""
    return key.stamp_ns or time.time_ns()
