"""The node ``camera_source``: photographs, a video, a recorded bag or a webcam as a camera."""

from __future__ import annotations

from dataclasses import dataclass
import math
from pathlib import Path
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray
import nn_perception
from nn_perception.core.frame import Frame
from nn_perception.core.imaging.camera_calibration import read_calibration, uncalibrated
from nn_perception.ros.base.parameters import LiveParameters, parameter
from nn_perception.ros.inputs.image_topics import camera_info_topic, compressed_topic
from nn_perception.ros.outputs import conversions
from nn_perception.sources.open_frames import open_frames
import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

SAMPLES = Path(nn_perception.__file__).with_name('samples')

# A publisher sees a subscriber before that one is ready for the first message.
SETTLE_S = 0.5
LAST_WORDS_S = 2.0
SLOWEST_RATE_HZ = 1e-3
# A timer does not take a period of nothing.
SHORTEST_NS = 1000
FRAME_ID = 'camera_optical_frame'
# Kept, so that who comes late still learns the names of the last frames.
PLAYING_QOS = QoSProfile(
    depth=100,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


@dataclass(frozen=True)
class CameraSourceParameters:
    """Parameters of the node ``camera_source``."""

    source: str = parameter(
        '',
        'a folder of photographs, a photograph, a video file, a recorded bag, or a webcam (0 or '
        '/dev/video0); empty: the photographs that come with this package',
        read_only=True,
    )
    bag_topic: str = parameter(
        '',
        "topic of a bag's images, raw or compressed; empty: the only one with images",
        read_only=True,
    )
    rate: float = parameter(
        0.0,
        "frames a second; 0: the video's or webcam's own, as it was recorded for a bag, 1 for "
        'photographs',
        unit='Hz',
        minimum=0.0,
        maximum=1000.0,
    )
    loop: bool = parameter(True, 'begin again after the last frame')
    exit_at_end: bool = parameter(False, 'without loop: end the process after the last frame')
    wait_for_subscriber: bool = parameter(
        False, 'begin when somebody subscribes to the images', read_only=True
    )
    encoding: str = parameter(
        'bgr8',
        'encoding of the raw images',
        choices=conversions.PUBLISHED_ENCODINGS,
    )
    jpeg_quality: int = parameter(95, 'quality of the compressed images', minimum=1, maximum=100)
    width: int = parameter(
        0,
        "width to shrink or enlarge to; 0: the source's own",
        unit='px',
        minimum=0,
        maximum=16384,
    )
    height: int = parameter(
        0,
        'height to shrink or enlarge to; 0: in proportion to the width',
        unit='px',
        minimum=0,
        maximum=16384,
    )
    frame_id: str = parameter(
        '', f"frame_id of the headers; empty: the bag's own, {FRAME_ID} for other sources"
    )
    camera_info_file: str = parameter(
        '',
        "calibration (YAML of camera_calibration); empty: the bag's own, an uncalibrated camera "
        'for other sources',
        read_only=True,
    )
    reliability: str = parameter(
        'reliable',
        'reliability that the images are offered with',
        choices=('reliable', 'best_effort'),
        read_only=True,
    )


class CameraSourceNode(Node):
    """
    Publish frames as a camera driver does.

    :raises ValueError: if the source or the calibration cannot be used
    """

    def __init__(self) -> None:
        super().__init__('camera_source')
        self._live = LiveParameters(self, CameraSourceParameters, self._on_parameters_changed)
        p = self.parameters
        self._frames = open_frames(p.source or SAMPLES, p.bag_topic)
        own = self._frames.calibration
        self._calibration = read_calibration(p.camera_info_file) if p.camera_info_file else own
        qos = QoSProfile(depth=1, reliability=ReliabilityPolicy[p.reliability.upper()])
        self._image = self.create_publisher(Image, 'image', qos)
        self._compressed = self.create_publisher(CompressedImage, compressed_topic(self), qos)
        self._camera_info = self.create_publisher(CameraInfo, camera_info_topic(self), qos)
        self._playing = self.create_publisher(DiagnosticArray, '~/playing', PLAYING_QOS)
        self._next: Frame | None = None
        self._due_ns = 0
        self._shown = 0
        self._ended = False
        self.finished = False
        """Whether the process has nothing left to do."""
        self._timer = self.create_timer(self._period_s(), self._show_next)
        if p.wait_for_subscriber:
            self._timer.cancel()
            self._settled = 0
            steady = Clock(clock_type=ClockType.STEADY_TIME)
            self._waiting = self.create_timer(SETTLE_S, self._await_subscriber, clock=steady)

    @property
    def parameters(self) -> CameraSourceParameters:
        """The present parameters."""
        return self._live.value

    def _period_s(self) -> float:
        rate_hz = self.parameters.rate or self._frames.rate_hz
        return 1.0 / max(rate_hz, SLOWEST_RATE_HZ)

    def _await_subscriber(self) -> None:
        watched = self._image.get_subscription_count() + self._compressed.get_subscription_count()
        self._settled = self._settled + 1 if watched else 0
        if self._settled > 1:
            self._waiting.cancel()
            self._timer.reset()

    def _show_next(self) -> None:
        frame, self._next = self._next or self._read(), None
        if frame is None and self._frames.live:
            self.get_logger().error(
                'the webcam gives no image; it may be unplugged', throttle_duration_sec=5.0
            )
            return
        if frame is None:
            self._end()
            return
        # The moment at which a camera would have exposed it.
        now = self.get_clock().now()
        frame_id = self.parameters.frame_id or frame.frame_id or FRAME_ID
        self._shown += 1
        self._publish(frame, conversions.header(now.to_msg(), frame_id))
        if frame.interval_s is not None and not self.parameters.rate:
            self._await_next(now.nanoseconds)

    def _read(self) -> Frame | None:
        """Read a frame, from the beginning again if that is wanted."""
        frame = self._frames.read()
        if frame is None and self._shown and self.parameters.loop and self._frames.rewind():
            frame = self._frames.read()
        return frame

    def _await_next(self, now_ns: int) -> None:
        """Set the timer to the next frame of a recording, whose frames have times of their own."""
        self._next = self._read()
        after_ns = 0 if self._next is None else round(self._next.interval_s * 1e9)
        # From when this one was due, so that small delays do not add up; after a large one, or a
        # jump of simulated time, from now.
        on_time = abs(now_ns - self._due_ns) < after_ns
        self._due_ns = (self._due_ns if on_time else now_ns) + after_ns
        left_ns = self._due_ns - self.get_clock().now().nanoseconds
        self._timer.timer_period_ns = max(left_ns, SHORTEST_NS)
        self._timer.reset()

    def _publish(self, frame: Frame, header: Header) -> None:
        p = self.parameters
        image = resized(frame.image_bgr, p.width, p.height)
        self._playing.publish(
            conversions.diagnostics(
                'playing', 'camera_source', 'ok', frame.name, {'shown': self._shown}, header
            )
        )
        self._camera_info.publish(conversions.camera_info(header, self._calibration_of(image)))
        if self._image.get_subscription_count():
            self._image.publish(conversions.image(image, header, p.encoding))
        if self._compressed.get_subscription_count():
            self._compressed.publish(conversions.compressed_image(image, header, p.jpeg_quality))

    def _calibration_of(self, image: np.ndarray) -> dict[str, Any]:
        height, width = image.shape[:2]
        calibration = self._calibration
        if calibration is None:
            return uncalibrated(width, height)
        if (calibration['width'], calibration['height']) != (width, height):
            self.get_logger().warning(
                f'the calibration is for {calibration["width"]} x {calibration["height"]}, the '
                f'frame has {width} x {height}: CameraInfo says uncalibrated',
                throttle_duration_sec=10.0,
            )
            return uncalibrated(width, height)
        return calibration

    def _end(self) -> None:
        self._timer.cancel()
        self._ended = True
        if not self._shown:
            self.get_logger().error('the source has no frame that can be read')
        self.get_logger().info(f'{self._shown} frames shown')
        if self.parameters.exit_at_end:
            for publisher in (self._image, self._compressed, self._playing):
                publisher.wait_for_all_acked(Duration(seconds=LAST_WORDS_S))
            self.finished = True

    def _on_parameters_changed(self, before: CameraSourceParameters) -> None:
        if self.parameters.rate != before.rate:
            self._timer.timer_period_ns = round(1e9 * self._period_s())
        if self._ended and self.parameters.loop:
            self._ended = False
            self._timer.reset()

    def destroy_node(self) -> None:
        """Free the webcam or file."""
        self._frames.close()
        super().destroy_node()


def resized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Bring a picture to a size in pixels; 0 keeps a side, or its proportion to the other."""
    own_height, own_width = image.shape[:2]
    if not width and not height:
        return image
    width = width or max(1, math.floor(own_width * height / own_height + 0.5))
    height = height or max(1, math.floor(own_height * width / own_width + 0.5))
    shrinking = width < own_width
    return cv2.resize(
        image, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    )
