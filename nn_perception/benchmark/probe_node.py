"""A node that plays camera to the measured node, and receives its results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import subprocess
import time

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.benchmark.digit_page import digit_page
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.imaging.preprocessing import Image as Picture
from nn_perception.ros.outputs.headers import make_header
from nn_perception.ros.outputs.image_messages import image_message
from nn_perception.ros.process.node_process import end_process
from nn_perception_interfaces.msg import HumanPoseArray
import numpy as np
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from sensor_msgs.msg import Image
from vision_msgs.msg import Classification, Detection2DArray

PHOTOGRAPH = SAMPLES_FOLDER / 'espresso.jpg'
SIZE = (640, 480)
START_LIMIT_S = 120.0
SETTLE_S = 1.0


@dataclass(frozen=True)
class Task:
    """
    What a node gets and publishes.

    :param kind: message type of its results
    :param topic: topic of its results
    :param make_image: makes the picture that it gets, uint8 BGR
    """

    kind: type
    topic: str
    make_image: Callable[[], Picture]


def photograph() -> Picture:
    """Read a photograph, uint8 BGR, ``(480, 640, 3)``."""
    return np.asarray(cv2.resize(read_image(PHOTOGRAPH), SIZE), np.uint8)


def two_skiers() -> Picture:
    """Compose a picture of two people, uint8 BGR, ``(480, 640, 3)``."""
    skier = read_image(PHOTOGRAPH.with_name('skier.jpg'))
    return np.asarray(cv2.resize(np.hstack([skier[:, 180:500]] * 2), SIZE), np.uint8)


TAGS = Task(Classification, 'tagger/tags', photograph)
DIGITS = Task(Detection2DArray, 'digit_reader/digits', digit_page)
POSES = Task(HumanPoseArray, 'pose_estimator/poses', two_skiers)


class Probe(Node):
    """
    Publish images, and measure when the results arrive.

    :ivar published: number of images
    :ivar ages_ms: of the results, from the stamp of the image
    :ivar values: of the newest diagnostics

    :param task: what the measured node gets and publishes
    :param reliable: whether the images are published reliable, else best effort
    """

    def __init__(self, task: Task = TAGS, *, reliable: bool) -> None:
        super().__init__('probe')
        kinds = ReliabilityPolicy
        qos = QoSProfile(depth=1, reliability=kinds.RELIABLE if reliable else kinds.BEST_EFFORT)
        self._camera = self.create_publisher(Image, 'image', qos)
        self.create_subscription(task.kind, task.topic, self._on_result, 10)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self._image = task.make_image()
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)
        self.published = 0
        self.ages_ms: list[float] = []
        self.values: dict[str, str] = {}

    def publish(self) -> None:
        """Publish the picture with the present time."""
        stamp = Time(nanoseconds=time.time_ns()).to_msg()
        self._camera.publish(image_message(self._image, make_header(stamp, 'camera')))
        self.published += 1

    def _on_result(self, msg: Classification | Detection2DArray | HumanPoseArray) -> None:
        stamp_ns = msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec
        self.ages_ms.append((time.time_ns() - stamp_ns) * 1e-6)

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        self.values = {pair.key: pair.value for pair in msg.status[0].values}

    def spin(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Receive for a time or until a condition holds; tell whether it did."""
        deadline = time.monotonic() + seconds
        while not until():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._executor.spin_once(timeout_sec=left)
        return True

    def play(
        self, rate_hz: float, seconds: float, until: Callable[[], bool] | None = None
    ) -> None:
        """Publish at a rate for a time, or until a condition holds, and receive in between."""
        begun = due = time.monotonic()
        while due < begun + seconds and not (until and until()):
            self.publish()
            due += 1.0 / rate_hz
            self.spin(max(0.0, due - time.monotonic()))

    def has_results(self) -> bool:
        """Tell whether a result has arrived."""
        return bool(self.ages_ms)

    def await_node(self) -> None:
        """Publish slowly until there are results, then let the node settle."""
        self.play(10.0, START_LIMIT_S, self.has_results)
        if not self.has_results():
            raise RuntimeError('the node published no result')
        self.play(30.0, SETTLE_S)
        results = -1
        while results != len(self.ages_ms):  # the last ones are still in transit
            results = len(self.ages_ms)
            self.spin(0.3)
        self.ages_ms.clear()
        self.published = 0


@contextmanager
def running(
    command: list[str], task: Task = TAGS, *, reliable: bool = True
) -> Iterator[tuple[Probe, int]]:
    """Run a node and a probe for it; yield the probe and the node's process id."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    probe = Probe(task, reliable=reliable)
    try:
        yield probe, process.pid
    finally:
        end_process(process)
        probe.destroy_node()
