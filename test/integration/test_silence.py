"""When no image arrives, the diagnostics say why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from domain_coordinator import domain_id as reserved_domain_id
from nn_perception.ros.outputs.image_messages import image_message
import pytest
from ros_graph import BEST_EFFORT, image_at, NodeProcess, Peer, picture, RELIABLE
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification

StartNode = Callable[..., NodeProcess]


def reason(peer: Peer, word: str) -> str:
    """Wait for a warning that contains a text, and return it."""
    return warning(peer, peer.diagnostics('/tagger'), word)


def warning(peer: Peer, reports: list[dict[str, str]], word: str) -> str:
    """Wait until the reports have a warning that contains a text, and return it."""

    def found() -> str:
        texts = [r['message'] for r in reports if r['level'] == '1' and word in r['message']]
        return texts[-1] if texts else ''

    return peer.until(found)


@dataclass(frozen=True)
class Case:
    """
    A tagger that receives no images.

    :param word: text by which the expected warning is found
    :param told: what else the warning says
    :param publishers: type, topic and quality of service of what the peer publishes
    """

    word: str
    told: Sequence[str]
    publishers: Sequence[tuple[type, str, Any]] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


CASES = {
    'no publisher': Case(
        'no publisher on /image',
        ['images are published on /front/image_raw'],
        [(Image, '/front/image_raw', RELIABLE)],
    ),
    'another type': Case(
        'has the type',
        ['sensor_msgs/msg/CompressedImage', 'image_transport: compressed'],
        [(CompressedImage, 'image', RELIABLE)],
    ),
    'compressed is expected but raw arrives': Case(
        'has the type sensor_msgs/msg/Image',
        ['image_transport: raw'],
        [(Image, 'image/compressed', RELIABLE)],
        {'image_transport': 'compressed'},
    ),
    'quality of service': Case(
        'only offers best effort',
        ['image_reliability: auto'],
        [(Image, 'image', BEST_EFFORT)],
        {'image_reliability': 'reliable'},
    ),
    'not active': Case(
        'not active',
        ['ros2 lifecycle set /tagger configure, then activate'],
        [(Image, 'image', RELIABLE)],
        {'autostart': False},
    ),
    'a silent publisher': Case(
        '1 publisher(s) on /image', ['no image received'], [(Image, 'image', RELIABLE)]
    ),
    # The tagger's own overlay does not count as a camera.
    'no camera at all': Case('no publisher on /image', ['no camera publishes in this ROS domain']),
}


@dataclass(frozen=True)
class Running:
    """A case with its tagger and its peer, in a ROS domain of its own."""

    node: NodeProcess
    peer: Peer
    reports: list[dict[str, str]]
    publishers: list[Any]


@pytest.fixture(scope='module')
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    """Start all cases at once, as each takes seconds in which it does next to nothing."""
    cases = {}
    logs = tmp_path_factory.mktemp('logs')
    with ExitStack() as stack:
        for name, case in CASES.items():
            domain = stack.enter_context(reserved_domain_id())
            peer = Peer(f'peer_{len(cases)}', domain_id=domain)
            stack.callback(peer.close)
            reports = peer.diagnostics('/tagger')
            publishers = [peer.publisher(*publisher) for publisher in case.publishers]
            node = NodeProcess(
                'tagger',
                logs / f'{name}.log',
                parameters=case.parameters,
                environment={
                    'ROS_DOMAIN_ID': str(domain),
                    'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
                },
            )
            stack.callback(node.end)
            cases[name] = Running(node, peer, reports, publishers)
        yield cases


@pytest.mark.parametrize('name', CASES)
def test_the_reason_is_told(running: dict[str, Running], name: str) -> None:
    case, now = CASES[name], running[name]
    text = warning(now.peer, now.reports, case.word)
    for told in case.told:
        assert told in text
    now.peer.until(lambda: case.word in now.node.log)
    # A message that is none of those that it expects does no harm.
    for publisher in now.publishers:
        publisher.publish(publisher.msg_type())
    now.peer.spin(0.1)
    assert now.node.end() == 0, now.node.log


def test_timestamps_are_zero(peer: Peer, start_node: StartNode) -> None:
    camera = peer.publisher(Image, 'image')
    start_node('tagger')
    reports = peer.diagnostics('/tagger')
    peer.matched(camera)
    msg = image_message(picture(), Header())

    def found() -> bool:
        camera.publish(msg)
        return any('no timestamps' in report['message'] for report in reports)

    peer.until(found)


def test_timestamps_of_another_clock(peer: Peer, start_node: StartNode) -> None:
    camera = peer.publisher(Image, 'image')
    start_node('tagger')
    reports = peer.diagnostics('/tagger')
    peer.matched(camera)

    def found() -> bool:
        camera.publish(image_at(picture(), 1.0))
        return any('use_sim_time' in report['message'] for report in reports)

    peer.until(found)


def test_simulated_time_stands_still(peer: Peer, start_node: StartNode) -> None:
    node = start_node('tagger', parameters={'use_sim_time': True})
    assert reason(peer, '/clock') == 'use_sim_time is set, but /clock has no publisher'
    clock = peer.publisher(Clock, '/clock')
    peer.matched(clock)
    now = Clock()
    now.clock.sec = 77
    clock.publish(now)
    assert 'is the simulation paused?' in reason(peer, 'stopped at 77.0 s')
    peer.until(lambda: node.log.count('is the simulation paused?') == 1)


def test_the_cause_is_logged_once(peer: Peer, start_node: StartNode) -> None:
    tags = peer.collect(Classification, 'tagger/tags')
    node = start_node('tagger')
    peer.until(lambda: 'no publisher on /image' in node.log)
    camera = peer.publisher(Image, 'image')
    peer.matched(camera)

    def recovered() -> bool:
        camera.publish(image_at(picture(), peer.node.get_clock().now().nanoseconds * 1e-9))
        peer.spin(0.05)
        return 'recovered' in node.log

    peer.until(recovered)
    assert tags
    assert node.log.count('no publisher on /image') == 1


def test_reliability_follows_the_publishers(peer: Peer, start_node: StartNode) -> None:
    tags = peer.collect(Classification, 'tagger/tags')
    start_node('tagger')
    reports = peer.diagnostics('/tagger')
    peer.until(lambda: reports)
    for qos, name in [
        (BEST_EFFORT, 'best_effort'),
        (RELIABLE, 'reliable'),
        (BEST_EFFORT, 'best_effort'),
    ]:
        camera = peer.publisher(Image, 'image', qos)
        peer.until(lambda name=name: reports[-1]['reliability'] == name)
        peer.matched(camera)
        del tags[:]
        camera.publish(image_at(picture(), 1.0))
        peer.until(lambda: tags)
        peer.node.destroy_publisher(camera)
