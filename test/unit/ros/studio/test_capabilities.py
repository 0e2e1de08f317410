"""Nodes that process images: who they are, how they fare, their switches and settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import math
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.ros.base.parameters import LiveParameters
from nn_perception.ros.diagnostics.messages import diagnostic_array
from nn_perception.ros.diagnostics.status import Status
from nn_perception.ros.nodes.digit_reader import DigitReaderParameters
from nn_perception.ros.nodes.tagger import TaggerParameters
from nn_perception.ros.studio import diagnostics_watch
from nn_perception.studio.backend.capabilities import CAPABILITIES, CapabilityStatus, TAGS
from patience import wait_until
import pytest
from rclpy.node import Node
from std_msgs.msg import Header
from std_srvs.srv import SetBool
from vision_msgs.msg import Classification


class FakeTagger(Node):
    """A node with the interface of a tagger, and no network."""

    def __init__(self, graph: Any, name: str = 'tagger', kind: type = TaggerParameters) -> None:
        super().__init__(name, context=graph.page.context)
        self.enabled = True
        self.live = LiveParameters(self, kind, lambda _: None)
        self.create_service(SetBool, '~/enable', self._on_enable)
        self.create_publisher(Classification, '~/tags', 10)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def report(self, level: str = 'ok', message: str = '9.9 results per second') -> None:
        values = {'rate_hz': '9.90', 'inference_p50_ms': '4.25', 'model': 'fake'}
        status = Status(level, message, values)
        name = f'{self.get_fully_qualified_name()}: image'
        self._diagnostics.publish(diagnostic_array(name, '/image', status, Header()))

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> Any:
        self.enabled = request.data
        response.success = True
        return response


@dataclass
class Robot:
    """The graph, with nodes that come and go."""

    graph: Any
    nodes: list[Node]

    def start(self, **named: Any) -> FakeTagger:
        node = FakeTagger(self.graph, **named)
        self.nodes.append(node)
        self.graph.add(node)
        return node

    def stop(self, node: Node) -> None:
        self.nodes.remove(node)
        self.graph.calls.call(lambda: self.graph.remove(node))
        node.destroy_node()

    def status(self, capability: str = TAGS) -> CapabilityStatus:
        for node in self.nodes:
            node.report()
        self.graph.refresh()
        found = self.graph.capabilities.status()
        assert [one.capability for one in found] == list(CAPABILITIES)
        return next(one for one in found if one.capability == capability)


@pytest.fixture
def robot(graph: Any) -> Iterator[Robot]:
    started = Robot(graph, [])
    yield started
    for node in list(started.nodes):
        started.stop(node)


def test_nobody_offers_it(robot: Robot) -> None:
    for status in robot.graph.capabilities.status():
        assert (status.node, status.enabled, status.settings) == ('', False, ())
        assert status.message.startswith(f'no node offers {status.capability}; start one: ros2')
    for action in (
        lambda: robot.graph.capabilities.set_enabled(TAGS, True),
        lambda: robot.graph.capabilities.change(TAGS, 'top_k', 3),
    ):
        with pytest.raises(ValueError, match='no node offers tags; start one'):
            action()
    with pytest.raises(ValueError, match='expected one of tags, digits, poses, sounds, got'):
        robot.graph.capabilities.set_enabled('smells', True)


def test_a_node_and_its_settings(robot: Robot) -> None:
    robot.start()
    status = wait_until(lambda: (one := robot.status()).settings and one.values and one)
    assert (status.node, status.enabled, status.message) == ('/tagger', True, '')
    assert status.values['rate_hz'] == '9.90'
    assert robot.graph.capabilities.inference_ms(['/other', '/tagger']) == 4.25
    assert robot.graph.capabilities.inference_ms(['/other']) is None
    names = {setting.name: setting.value for setting in status.settings}
    assert names == {'max_rate': 0.0, 'top_k': 5, 'min_score': 0.05, 'smoothing_s': 0.0}


def test_settings_are_changed_for_everybody(robot: Robot) -> None:
    tagger = robot.start()
    wait_until(lambda: robot.status().settings)
    robot.graph.capabilities.change(TAGS, 'top_k', 3.0)
    robot.graph.capabilities.change(TAGS, 'min_score', 0.5)
    assert (tagger.live.value.top_k, tagger.live.value.min_score) == (3, 0.5)
    with pytest.raises(ValueError, match='min_score out of range'):
        robot.graph.capabilities.change(TAGS, 'min_score', 2.0)
    with pytest.raises(ValueError, match="no setting 'engine'; there are: max_rate, top_k"):
        robot.graph.capabilities.change(TAGS, 'engine', 1.0)
    with pytest.raises(ValueError, match='expected a finite number, got nan'):
        robot.graph.capabilities.change(TAGS, 'min_score', math.nan)
    assert tagger.live.value.min_score == 0.5

    def shown() -> dict[str, float]:
        return {setting.name: setting.value for setting in robot.status().settings}

    wait_until(lambda: shown()['top_k'] == 3 and shown()['min_score'] == 0.5)
    # Whoever else changes it.
    robot.graph.calls.call(lambda: tagger.set_parameters([parameter('top_k', 9)]))
    wait_until(lambda: shown()['top_k'] == 9)


def parameter(name: str, value: object) -> Any:
    from rclpy.parameter import Parameter

    return Parameter(name, value=value)


def test_the_switch(robot: Robot) -> None:
    tagger = robot.start()
    wait_until(lambda: robot.status().values)
    robot.graph.capabilities.set_enabled(TAGS, False)
    assert not tagger.enabled
    assert not status_now(robot).enabled
    tagger.report(message='disabled; call the service /tagger/enable')
    wait_until(lambda: 'disabled' in report_of(robot).message)
    assert not status_now(robot).enabled
    assert status_now(robot).message == ''
    robot.graph.capabilities.set_enabled(TAGS, True)
    assert tagger.enabled and status_now(robot).enabled


def status_now(robot: Robot) -> CapabilityStatus:
    return robot.graph.capabilities.status()[0]


def report_of(robot: Robot) -> Any:
    return robot.graph.calls.call(lambda: robot.graph.diagnostics.report('/tagger'))


def test_what_keeps_a_node_from_work(robot: Robot) -> None:
    tagger = robot.start()
    wait_until(lambda: robot.status().values)
    tagger.report('warn', 'no image for 3 s: no publisher on /image')
    wait_until(lambda: status_now(robot).message)
    assert status_now(robot).message == 'no image for 3 s: no publisher on /image'
    assert status_now(robot).enabled


def test_a_node_that_does_not_report(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    module = 'nn_perception.ros.studio.capabilities.STALE_S'
    monkeypatch.setattr(module, 0.2)
    robot.start()
    wait_until(lambda: status_now(robot).node or robot.graph.refresh())
    wait_until(lambda: status_now(robot).message)
    assert status_now(robot).message == '/tagger does not report; it may have died'


def test_nodes_that_come_and_go(robot: Robot) -> None:
    tagger = robot.start()
    wait_until(lambda: robot.status().settings)
    robot.stop(tagger)
    wait_until(lambda: not robot.status().node)
    # With other parameters.
    again = robot.start(kind=DigitReaderParameters)
    wait_until(lambda: 'min_height' in [one.name for one in robot.status().settings])
    robot.graph.capabilities.change(TAGS, 'min_height', 30)
    assert again.live.value.min_height == 30


def test_several_nodes_are_switched_and_set_together(robot: Robot) -> None:
    nodes = [robot.start(name=name) for name in ('front', 'rear')]
    wait_until(lambda: robot.status().node == '/front, /rear' and robot.status().settings)
    wait_until(lambda: len(robot.status().settings) == 4)
    robot.graph.capabilities.change(TAGS, 'top_k', 2)
    robot.graph.capabilities.set_enabled(TAGS, False)
    assert [node.live.value.top_k for node in nodes] == [2, 2]
    assert [node.enabled for node in nodes] == [False, False]
    nodes[1].report('warn', 'a problem')
    wait_until(lambda: status_now(robot).message == 'a problem')


def test_nothing_is_asked_while_nobody_looks(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot.start()
    robot.graph.refresh()
    assert robot.graph.subscriptions() == []
    wait_until(lambda: robot.status().settings)
    assert robot.graph.subscriptions() == ['/diagnostics']
    monkeypatch.setattr(diagnostics_watch, 'ASKED_S', 0.1)
    time.sleep(0.2)
    robot.graph.refresh()
    wait_until(lambda: robot.graph.subscriptions() == [])
    monkeypatch.undo()
    # The next page sees all again.
    wait_until(lambda: robot.status().settings and robot.status().values)
