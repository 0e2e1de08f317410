"""The node ``camera_source``: plays photographs, a video, a bag or a webcam as a camera."""

from __future__ import annotations

from dataclasses import dataclass
import sys
import threading

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.frame import Frame
from nn_perception.core.imaging.camera_calibration import read_calibration
from nn_perception.ros.base.parameters import Contract, LiveParameters, parameter
from nn_perception.ros.diagnostics.log_throttle import LogThrottle
from nn_perception.ros.diagnostics.messages import diagnostic_array
from nn_perception.ros.diagnostics.status import Status
from nn_perception.ros.outputs.camera_publishers import CameraPublishers
from nn_perception.ros.outputs.headers import make_header
from nn_perception.ros.outputs.image_messages import PUBLISHED_ENCODINGS
from nn_perception.ros.outputs.qos import PLAYING_QOS
from nn_perception.ros.outputs.subscriber_wait import SubscriberWait
from nn_perception.ros.process.abandoned_threads import abandon_thread
from nn_perception.ros.process.main import main
from nn_perception.ros.process.signals import interruptible
from nn_perception.sources.open_frames import open_frames
from nn_perception.sources.resizing import resized
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from std_msgs.msg import Header

ACKNOWLEDGEMENT_TIMEOUT_S = 2.0
MIN_RATE_HZ = 1e-3
# rclpy rejects a timer period of zero.
MIN_PERIOD_NS = 1000
# A live source gives each image once, and waits for it: this is no rate.
LIVE_PERIOD_S = 1e-3
# The first frame of a recording with long intervals comes sooner.
MAX_FIRST_PERIOD_S = 1.0
FRAME_ID = 'camera_optical_frame'


@dataclass(frozen=True)
class CameraSourceParameters:
    """Parameters of the node ``camera_source``."""

    source: str = parameter(
        '',
        Contract(
            'folder of photographs, photograph, video file, recorded bag, webcam (0 or '
            '/dev/video0), or URL of a stream (rtsp://, http:// and others); empty: the sample '
            'photographs of this package',
            read_only=True,
        ),
    )
    bag_topic: str = parameter(
        '',
        Contract(
            'image topic to play from a bag, raw or compressed; empty: its only image topic',
            read_only=True,
        ),
    )
    rate: float = parameter(
        0.0,
        Contract(
            'frame rate; 0: original timing of a video or bag, rate of a webcam or stream, 1 for '
            'photographs',
            unit='Hz',
            minimum=0.0,
            maximum=1000.0,
        ),
    )
    loop: bool = parameter(
        True,
        Contract('start again after the last frame, or connect again to a webcam or stream'),
    )
    exit_at_end: bool = parameter(
        False, Contract('end the process after the last frame, if loop is false')
    )
    wait_for_subscriber: bool = parameter(
        False, Contract('start when the images have a subscriber', read_only=True)
    )
    encoding: str = parameter(
        'bgr8', Contract('encoding of the raw images', choices=PUBLISHED_ENCODINGS)
    )
    jpeg_quality: int = parameter(
        95, Contract('JPEG quality of the compressed images', minimum=1, maximum=100)
    )
    width: int = parameter(
        0,
        Contract(
            'width to resize images to; 0: original, or in proportion to the height',
            unit='px',
            minimum=0,
            maximum=16384,
        ),
    )
    height: int = parameter(
        0,
        Contract(
            'height to resize images to; 0: original, or in proportion to the width',
            unit='px',
            minimum=0,
            maximum=16384,
        ),
    )
    frame_id: str = parameter(
        '',
        Contract(
            f'frame_id of the headers; empty: original of a bag, {FRAME_ID} for other sources'
        ),
    )
    camera_info_file: str = parameter(
        '',
        Contract(
            'calibration file (YAML of camera_calibration); empty: original of a bag, '
            'uncalibrated for other sources',
            read_only=True,
        ),
    )
    reliability: str = parameter(
        'reliable',
        Contract(
            'reliability that the image publishers offer',
            choices=('reliable', 'best_effort'),
            read_only=True,
        ),
    )


class CameraSourceNode(Node):
    """
    Publish frames as a camera driver does.

    :ivar finished: whether the process should end
    :raises ValueError: if the source or the calibration cannot be used
    """

    def __init__(self) -> None:
        super().__init__('camera_source')
        self._live = LiveParameters(self, CameraSourceParameters, self._on_parameters_changed)
        p = self.parameters
        with interruptible():
            self._frames = open_frames(p.source or SAMPLES_FOLDER, p.bag_topic, start_reader)
        calibration = (
            read_calibration(p.camera_info_file)
            if p.camera_info_file
            else self._frames.calibration
        )
        self._camera = CameraPublishers(
            self, ReliabilityPolicy[p.reliability.upper()], calibration
        )
        self._playing = self.create_publisher(DiagnosticArray, '~/playing', PLAYING_QOS)
        self._next: Frame | None = None
        self._due_ns = 0
        self._published = 0
        self._ended = False
        self._log_throttle = LogThrottle(self.get_logger())
        self.finished = False
        first_s = self._period_s() if p.rate else min(self._period_s(), MAX_FIRST_PERIOD_S)
        self._timer = self.create_timer(first_s, self._publish_next)
        if p.wait_for_subscriber:
            self._timer.cancel()
            self._wait = SubscriberWait(self, lambda: self._camera.subscribers, self._timer.reset)

    @property
    def parameters(self) -> CameraSourceParameters:
        """Current parameters."""
        return self._live.value

    def _period_s(self) -> float:
        rate_hz = self.parameters.rate
        if self._frames.live and not rate_hz:
            return LIVE_PERIOD_S
        return 1.0 / max(rate_hz or self._frames.rate_hz, MIN_RATE_HZ)

    def _publish_next(self) -> None:
        frame, self._next = self._next or self._read(), None
        if self._frames.live:
            problem = self._frames.problem
            self._log_throttle.update(
                Status('warn' if problem else 'ok', problem or 'frames come')
            )
        if frame is None:
            if self._frames.ended:
                self._end()
            return
        # A camera would have captured the image at this moment.
        now = self.get_clock().now()
        frame_id = self.parameters.frame_id or frame.frame_id or FRAME_ID
        self._published += 1
        try:
            self._publish(frame, make_header(now.to_msg(), frame_id))
        except (ValueError, MemoryError, cv2.error) as error:
            # An image that is too large for JPEG, or becomes too large.
            self.get_logger().error(
                f'{frame.name} cannot be published: {error}', throttle_duration_sec=60.0
            )
        if frame.interval_s is not None and not self.parameters.rate:
            self._await_next(now.nanoseconds)

    def _read(self) -> Frame | None:
        """Read a frame, from the beginning after the last one if `loop` is set."""
        frame = self._frames.read()
        if frame is not None or not (self._frames.ended and self.parameters.loop):
            return frame
        # Without a frame in it, a file would be read again and again.
        if (self._published or self._frames.live) and self._frames.rewind():
            frame = self._frames.read()
        return frame

    def _await_next(self, now_ns: int) -> None:
        """Set the timer to the next frame of a recording, at its original timing."""
        self._next = self._read()
        after_ns = 0 if self._next is None else round((self._next.interval_s or 0.0) * 1e9)
        # Count from when this frame was due, so that small delays do not add up; after a large
        # delay, or a jump of simulated time, count from now.
        on_time = abs(now_ns - self._due_ns) < after_ns
        self._due_ns = (self._due_ns if on_time else now_ns) + after_ns
        remaining_ns = self._due_ns - self.get_clock().now().nanoseconds
        self._timer.timer_period_ns = max(remaining_ns, MIN_PERIOD_NS)
        self._timer.reset()

    def _publish(self, frame: Frame, header: Header) -> None:
        p = self.parameters
        image = resized(frame.image_bgr, p.width, p.height)
        playing = Status('ok', frame.name, {'shown': self._published})
        self._playing.publish(diagnostic_array('playing', 'camera_source', playing, header))
        self._camera.publish(image, header, p.encoding, p.jpeg_quality)

    def _end(self) -> None:
        self._timer.cancel()
        self._ended = True
        if not self._published:
            self.get_logger().error('the source has no readable frame')
        self.get_logger().info(f'{self._published} frames published')
        if self.parameters.exit_at_end:
            self._camera.wait_for_all_acked(ACKNOWLEDGEMENT_TIMEOUT_S)
            self._playing.wait_for_all_acked(Duration(seconds=ACKNOWLEDGEMENT_TIMEOUT_S))
            self.finished = True

    def _on_parameters_changed(self, previous: CameraSourceParameters) -> None:
        if self.parameters.rate != previous.rate:
            self._timer.timer_period_ns = round(1e9 * self._period_s())
        if self._ended and self.parameters.loop:
            self._ended = False
            self._timer.reset()

    def destroy_node(self) -> None:
        """Close the webcam or file."""
        self._frames.close()
        super().destroy_node()


def start_reader(thread: threading.Thread) -> None:
    """Start a thread that reads a camera; it may be waiting for an image at the end."""
    thread.start()
    abandon_thread(thread)


if __name__ == '__main__':
    sys.exit(main(lambda: CameraSourceNode))
