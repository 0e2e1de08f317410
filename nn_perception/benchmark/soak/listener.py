"""Receive the results of the nodes with their ages, and their diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.benchmark.soak.image_messages import ODD_STAMP
from nn_perception_interfaces.msg import HumanPoseArray
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image
from vision_msgs.msg import Classification, Detection2DArray
from visualization_msgs.msg import MarkerArray

# Iron and newer tell when a message arrived in this process, however late Python takes it.
_HAS_MESSAGE_INFO = hasattr(Subscription, 'CallbackType')
MAX_OLDEST = 20


@dataclass(frozen=True)
class MonitoredNode:
    """
    A node whose results are received.

    :param name: of the node, with its namespace
    :param topic: of its results
    :param kind: message type of the results
    :param overlays: topics that it publishes only while somebody subscribes, with their types
    """

    name: str
    topic: str
    kind: type
    overlays: tuple[tuple[str, type], ...] = ()


TAGGER = MonitoredNode('/tagger', '/tagger/tags', Classification, (('/tagger/overlay', Image),))
DIGIT_READER = MonitoredNode(
    '/digit_reader',
    '/digit_reader/digits',
    Detection2DArray,
    (('/digit_reader/overlay', Image),),
)
POSE_ESTIMATOR = MonitoredNode(
    '/pose_estimator',
    '/pose_estimator/poses',
    HumanPoseArray,
    (('/pose_estimator/overlay', Image), ('/pose_estimator/markers', MarkerArray)),
)
# Receives compressed images, in a namespace that has no raw ones.
JPEG_TAGGER = MonitoredNode('/jpeg/tagger', '/jpeg/tagger/tags', Classification)
NODES = (TAGGER, DIGIT_READER, POSE_ESTIMATOR, JPEG_TAGGER)


class NodeResults:
    """
    What one node has published.

    :ivar ages_ms: time of arrival on the steady clock, and age, of each result
    :ivar odd_stamps: number of results whose images had a wrong stamp, and which have no age
    :ivar oldest: the results with the greatest ages: age in ms, the part of it between the
        publishing and the arrival of the result, and stamp in s
    :ivar inference_p95_ms: time on the steady clock and value of each report
    :ivar report: values of the newest diagnostics
    :ivar newest_frame_id: of the newest result
    """

    def __init__(self) -> None:
        self.ages_ms: list[tuple[float, float]] = []
        self.inference_p95_ms: list[tuple[float, float]] = []
        self.odd_stamps = 0
        self.report: dict[str, str] = {}
        self.oldest: list[tuple[float, float, float]] = []
        self.newest_frame_id = ''

    @property
    def count(self) -> int:
        """Number of results."""
        return len(self.ages_ms) + self.odd_stamps

    def ages_since(self, since: float) -> list[float]:
        """Return the ages of the results since a time of the steady clock."""
        return [age for at, age in self.ages_ms if at >= since]

    def clear(self) -> None:
        """Drop the results so far."""
        self.ages_ms.clear()
        self.odd_stamps = 0
        self.oldest.clear()

    def add(self, msg: Any, arrived_ns: int, published_ns: int | None = None) -> None:
        """
        Add a result.

        :param arrived_ns: when it arrived, on the clock of the stamps
        :param published_ns: when it was published, on the same clock
        """
        self.newest_frame_id = msg.header.frame_id
        if msg.header.frame_id == ODD_STAMP:
            self.odd_stamps += 1
            return
        stamp_ns = msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec
        age_ms = (arrived_ns - stamp_ns) * 1e-6
        self.ages_ms.append((time.monotonic(), age_ms))
        in_transit_ms = (arrived_ns - (published_ns or arrived_ns)) * 1e-6
        self.oldest = sorted([*self.oldest, (age_ms, in_transit_ms, stamp_ns * 1e-9)])[
            -MAX_OLDEST:
        ]

    def add_report(self, values: dict[str, str]) -> None:
        """Add the values of the node's diagnostics."""
        self.report = values
        p95_ms = float(values['inference_p95_ms'])
        if not math.isnan(p95_ms):  # before the first image there is no value
            self.inference_p95_ms.append((time.monotonic(), p95_ms))


class ResultListener:
    """
    Subscribe to the results and diagnostics of all nodes.

    :ivar results: by the node's name

    :param node: that owns the subscriptions
    """

    def __init__(self, node: Node) -> None:
        self.results = {monitored.name: NodeResults() for monitored in NODES}
        for monitored in NODES:
            callback = self._callback(self.results[monitored.name])
            node.create_subscription(monitored.kind, monitored.topic, callback, 50)
        node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 50)

    @staticmethod
    def _callback(results: NodeResults) -> Callable[..., None]:
        def add_with_info(msg: Any, info: dict[str, int]) -> None:
            arrived_ns = info['received_timestamp'] or time.time_ns()
            results.add(msg, arrived_ns, info['source_timestamp'])

        def add(msg: Any) -> None:
            results.add(msg, time.time_ns())

        return add_with_info if _HAS_MESSAGE_INFO else add

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            results = self.results.get(status.name.partition(':')[0])
            values = {pair.key: pair.value for pair in status.values}
            if results is not None and 'inference_p95_ms' in values:
                results.add_report(values)
