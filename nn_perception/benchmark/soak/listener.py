"""Who listens during an endurance run: results with their ages, and what the nodes report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.benchmark.soak.frames import ODD_STAMP
from nn_perception_interfaces.msg import HumanPoseArray
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image
from vision_msgs.msg import Classification, Detection2DArray
from visualization_msgs.msg import MarkerArray

# Iron and newer tell when a message arrived in this process, however late Python gets to it.
_HAS_MESSAGE_INFO = hasattr(Subscription, 'CallbackType')
OLDEST = 20


@dataclass(frozen=True)
class Watched:
    """
    A node whose results are listened to.

    :param name: of the node, with its namespace
    :param topic: of its results
    :param kind: message type of the results
    :param pictures: topics that it serves only while somebody looks, with their types
    """

    name: str
    topic: str
    kind: type
    pictures: tuple[tuple[str, type], ...] = ()


TAGGER = Watched('/tagger', '/tagger/tags', Classification, (('/tagger/overlay', Image),))
DIGITS = Watched(
    '/digit_reader',
    '/digit_reader/digits',
    Detection2DArray,
    (('/digit_reader/overlay', Image),),
)
POSES = Watched(
    '/pose_estimator',
    '/pose_estimator/poses',
    HumanPoseArray,
    (('/pose_estimator/overlay', Image), ('/pose_estimator/markers', MarkerArray)),
)
# Gets compressed images, in a namespace where there are no others.
JPEG_TAGGER = Watched('/jpeg/tagger', '/jpeg/tagger/tags', Classification)
NODES = (TAGGER, DIGITS, POSES, JPEG_TAGGER)


class Heard:
    """
    What came from one node; times on the steady clock.

    Every result is in ``ages_ms``, with the moment of its arrival, unless its image had a
    wrong stamp; those are only counted. ``oldest`` are the results with the greatest ages: age in
    ms, the part of it that passed between the publishing and the arrival of the result, and stamp.
    """

    def __init__(self) -> None:
        self.ages_ms: list[tuple[float, float]] = []
        self.inference_p95_ms: list[tuple[float, float]] = []
        self.odd = 0
        self.report: dict[str, str] = {}
        self.oldest: list[tuple[float, float, float]] = []
        self.newest_frame_id = ''

    @property
    def results(self) -> int:
        """How many results there were."""
        return len(self.ages_ms) + self.odd

    def ages_since(self, moment: float) -> list[float]:
        """List the ages of the results since a moment of the steady clock."""
        return [age for at, age in self.ages_ms if at >= moment]

    def forget(self) -> None:
        """Begin anew."""
        self.ages_ms.clear()
        self.odd = 0
        self.oldest.clear()

    def note(self, msg: Any, arrived_ns: int, published_ns: int | None = None) -> None:
        """Take a result, and when it arrived and was published by the clock of the stamps."""
        self.newest_frame_id = msg.header.frame_id
        if msg.header.frame_id == ODD_STAMP:
            self.odd += 1
            return
        stamp_ns = msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec
        age_ms = (arrived_ns - stamp_ns) * 1e-6
        self.ages_ms.append((time.monotonic(), age_ms))
        on_the_way_ms = (arrived_ns - (published_ns or arrived_ns)) * 1e-6
        self.oldest = sorted([*self.oldest, (age_ms, on_the_way_ms, stamp_ns * 1e-9)])[-OLDEST:]

    def note_report(self, values: dict[str, str]) -> None:
        """Take the values of a node's diagnostics."""
        self.report = values
        p95_ms = float(values['inference_p95_ms'])
        if p95_ms == p95_ms:  # not a number before the first image
            self.inference_p95_ms.append((time.monotonic(), p95_ms))


class Listener:
    """
    Subscribe to the results and diagnostics of all nodes.

    :param node: whose subscriptions they are
    """

    def __init__(self, node: Node) -> None:
        self.heard = {watched.name: Heard() for watched in NODES}
        for watched in NODES:
            take = self._callback(self.heard[watched.name])
            node.create_subscription(watched.kind, watched.topic, take, 50)
        node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 50)

    @staticmethod
    def _callback(heard: Heard) -> Callable[..., None]:
        def take_with_info(msg: Any, info: dict[str, int]) -> None:
            heard.note(msg, info['received_timestamp'] or time.time_ns(), info['source_timestamp'])

        def take(msg: Any) -> None:
            heard.note(msg, time.time_ns())

        return take_with_info if _HAS_MESSAGE_INFO else take

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            heard = self.heard.get(status.name.partition(':')[0])
            values = {pair.key: pair.value for pair in status.values}
            if heard is not None and 'inference_p95_ms' in values:
                heard.note_report(values)
