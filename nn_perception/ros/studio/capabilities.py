"""The nodes of a ROS graph whose networks process images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
import math

from nn_perception.core.quoting import quoted
from nn_perception.ros.studio.diagnostics_watch import DiagnosticsWatch, Report, STALE_S
from nn_perception.ros.studio.executor_calls import ExecutorCalls
from nn_perception.ros.studio.node_parameters import find_setting, NodeParameters
from nn_perception.ros.studio.result_subscriptions import result_topics
from nn_perception.ros.studio.service_calls import ServiceCalls
from nn_perception.ros.studio.sounds.hearing_nodes import hearing_nodes
from nn_perception.studio.backend.capabilities import (
    CAPABILITIES,
    CapabilityStatus,
    DIGITS,
    POSES,
    Setting,
    SOUNDS,
    TAGS,
)
from rclpy.node import Node
from std_srvs.srv import SetBool

# Who can do it, for those who miss it.
EXECUTABLES = {
    TAGS: 'tagger',
    DIGITS: 'digit_reader',
    POSES: 'pose_estimator',
    SOUNDS: 'sound_tagger',
}
_DISABLED = 'disabled'


class RosCapabilities:
    """
    What the nodes of the graph can do, how they fare, and their switches and settings.

    Several nodes with one capability are switched and set together.

    :param node: node that looks
    :param calls: of its executor
    :param services: calls services
    :param diagnostics: what the nodes report
    """

    def __init__(
        self,
        node: Node,
        calls: ExecutorCalls,
        services: ServiceCalls,
        diagnostics: DiagnosticsWatch,
    ) -> None:
        self._node = node
        self._calls = calls
        self._services = services
        self._diagnostics = diagnostics
        self._parameters = NodeParameters(services)
        self._nodes: dict[str, list[str]] = {}
        # What was asked of a node since its last report.
        self._asked: dict[str, tuple[bool, Report | None]] = {}

    def status(self) -> Sequence[CapabilityStatus]:
        """Describe each capability; what the nodes answer is seen in the next call."""
        return self._calls.call(self._status)

    def status_of(self, capability: str) -> CapabilityStatus:
        """Describe one capability, also :data:`SOUNDS`."""

        def find() -> CapabilityStatus:
            self._ask()
            return self._status_of(capability)

        return self._calls.call(find)

    def set_enabled(self, capability: str, enabled: bool) -> None:
        """Let the nodes of a capability process images, or not."""
        for name in self._nodes_of(capability):
            response = self._services.call(
                SetBool, f'{name}/enable', SetBool.Request(data=enabled)
            )
            if not response.success:
                raise RuntimeError(response.message or f'{name} refuses')
            self._calls.call(partial(self._note_enabled, name, enabled))

    def change(self, capability: str, setting: str, value: float) -> None:
        """Change a parameter of the nodes of a capability."""
        if not math.isfinite(value):
            raise ValueError(f'{setting}: expected a finite number, got {value}')
        for name in self._nodes_of(capability):
            known = self._calls.call(partial(self._parameters.settings, name))
            self._parameters.set(name, find_setting(known, setting), value)
        self._calls.post(self.refresh)

    def refresh(self) -> None:
        """Follow nodes and parameters, in the executor's thread; does nothing if nobody asks."""
        if not self._diagnostics.is_asked:
            self._nodes = {}
            return
        found: dict[str, set[str]] = {}
        for topic in result_topics(self._node):
            found.setdefault(topic.capability, set()).update(topic.nodes)
        found[SOUNDS] = set(hearing_nodes(self._node))
        self._nodes = {capability: sorted(nodes) for capability, nodes in found.items()}
        names = [name for nodes in self._nodes.values() for name in nodes]
        self._parameters.refresh(names)
        self._asked = {name: asked for name, asked in self._asked.items() if name in names}

    def inference_ms(self, nodes: Sequence[str]) -> float | None:
        """Return the median time that the network of a node takes; None if it is unknown."""
        for name in nodes:
            report = self._diagnostics.report(name)
            try:
                time_ms = float(report.values['inference_p50_ms']) if report else math.nan
            except (KeyError, ValueError):
                continue
            if math.isfinite(time_ms):
                return time_ms
        return None

    def _nodes_of(self, capability: str) -> list[str]:
        """
        Name the nodes of a capability.

        :raises ValueError: if there is none
        """
        if capability not in EXECUTABLES:
            raise ValueError(f'expected one of {", ".join(EXECUTABLES)}, got {quoted(capability)}')

        def find() -> list[str]:
            self._ask()
            return self._nodes.get(capability, [])

        nodes = self._calls.call(find)
        if not nodes:
            raise ValueError(_nobody(capability))
        return nodes

    def _ask(self) -> None:
        was_asked = self._diagnostics.is_asked
        self._diagnostics.ask()
        if not was_asked:
            self.refresh()

    def _status(self) -> list[CapabilityStatus]:
        self._ask()
        return [self._status_of(capability) for capability in CAPABILITIES]

    def _status_of(self, capability: str) -> CapabilityStatus:
        nodes = self._nodes.get(capability, [])
        if not nodes:
            return CapabilityStatus(capability, message=_nobody(capability))
        reports = {name: self._diagnostics.report(name) for name in nodes}
        # Of several nodes, the one that has a problem.
        warning = [name for name, report in reports.items() if report and report.warns]
        name = (warning or nodes)[0]
        report = reports[name]
        return CapabilityStatus(
            capability,
            node=', '.join(nodes),
            enabled=any(self._is_enabled(name, reports[name]) for name in nodes),
            message=self._problem(name, report),
            values={} if report is None else report.values,
            settings=self._common_settings(nodes),
        )

    def _problem(self, name: str, report: Report | None) -> str:
        if report is not None:
            return report.message if report.warns else ''
        silent_s = self._diagnostics.listened_s
        return f'{name} does not report; it may have died' if silent_s > STALE_S else ''

    def _common_settings(self, nodes: Sequence[str]) -> tuple[Setting, ...]:
        first, *others = (self._parameters.settings(name) for name in nodes)
        shared = [{setting.name for setting in other} for other in others]
        return tuple(one for one in first if all(one.name in names for names in shared))

    def _is_enabled(self, name: str, report: Report | None) -> bool:
        asked = self._asked.get(name)
        if asked is not None and asked[1] is report:
            return asked[0]
        return report is None or not report.message.startswith(_DISABLED)

    def _note_enabled(self, name: str, enabled: bool) -> None:
        self._asked[name] = enabled, self._diagnostics.report(name)


def _nobody(capability: str) -> str:
    executable = EXECUTABLES[capability]
    return f'no node offers {capability}; start one: ros2 run nn_perception {executable}'
