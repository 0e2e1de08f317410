"""What the nodes report about themselves, while somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from nn_perception.core.quoting import shortened
from nn_perception.ros.outputs.qos import DIAGNOSTICS_QOS
from rclpy.node import Node
from rclpy.subscription import Subscription

# A page asks each second or two; without one the subscription ends.
ASKED_S = 10.0
# Nodes report each second. A report that is older says nothing about now.
STALE_S = 4.0
MAX_REPORTS = 500
MAX_VALUES = 50


@dataclass(frozen=True)
class Report:
    """
    What a node has reported about one of its cameras.

    :ivar topic: of the camera's images
    :ivar warns: whether the message tells of a problem
    :ivar message: one sentence
    :ivar values: further values
    :ivar received_s: when it was received, by the monotonic clock
    """

    topic: str
    warns: bool
    message: str
    values: Mapping[str, str]
    received_s: float

    @property
    def age_s(self) -> float:
        """How long ago it was received."""
        return time.monotonic() - self.received_s


class DiagnosticsWatch:
    """
    Subscribe to the diagnostics while somebody asks; used in the executor's thread only.

    :param node: node that subscribes
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._asked_s: float | None = None
        self._subscribed_s = 0.0
        self._subscription: Subscription | None = None
        self._reports: dict[str, Report] = {}

    @property
    def is_asked(self) -> bool:
        """Whether somebody has asked lately."""
        return self._asked_s is not None and time.monotonic() - self._asked_s < ASKED_S

    @property
    def listened_s(self) -> float:
        """For how long it has been subscribed."""
        return 0.0 if self._subscription is None else time.monotonic() - self._subscribed_s

    def ask(self) -> None:
        """Subscribe, and stay so for a while."""
        self._asked_s = time.monotonic()
        if self._subscription is None:
            self._subscribed_s = time.monotonic()
            self._subscription = self._node.create_subscription(
                DiagnosticArray, '/diagnostics', self._on_array, DIAGNOSTICS_QOS
            )

    def refresh(self) -> None:
        """Unsubscribe once nobody asks any more; forget what is old."""
        if not self.is_asked:
            self.close()
        for name in [name for name, report in self._reports.items() if report.age_s > STALE_S]:
            del self._reports[name]

    def close(self) -> None:
        """Unsubscribe."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
            self._reports.clear()

    def report(self, node: str) -> Report | None:
        """
        Return the newest report of a node; of several cameras one that warns, if there is one.

        :param node: fully qualified name
        """
        own = [report for name, report in self._reports.items() if name.partition(':')[0] == node]
        return max(own, key=lambda report: (report.warns, report.received_s), default=None)

    def _on_array(self, array: DiagnosticArray) -> None:
        for status in array.status:
            if not status.name.startswith('/'):
                continue  # not of one of our nodes
            if len(self._reports) >= MAX_REPORTS and status.name not in self._reports:
                continue
            self._reports[status.name] = Report(
                status.hardware_id,
                status.level != DiagnosticStatus.OK,
                shortened(status.message),
                {pair.key: shortened(pair.value) for pair in status.values[:MAX_VALUES]},
                time.monotonic(),
            )
