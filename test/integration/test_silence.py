"""When no image arrives, the diagnostics say why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from nn_perception.ros.outputs.image_messages import image_message
import pytest
from ros_graph import (
    BEST_EFFORT,
    Domain,
    image_at,
    NodeProcess,
    own_domain,
    Peer,
    picture,
    RELIABLE,
)
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
    :param texts: what else the warning says
    :param publishers: type, topic and quality of service of what the peer publishes
    """

    word: str
    texts: Sequence[str]
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
    """A case with its tagger, in a ROS domain of its own."""

    domain: Domain
    reports: list[dict[str, str]]
    publishers: list[Any]


@pytest.fixture(scope='module')
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    """Start all cases at once: each takes seconds and does almost nothing."""
    cases = {}
    with ExitStack() as stack:
        for number, (name, case) in enumerate(CASES.items()):
            folder = tmp_path_factory.mktemp('logs')
            domain = stack.enter_context(own_domain(folder, f'peer_{number}'))
            reports = domain.peer.diagnostics('/tagger')
            publishers = [domain.peer.publisher(*publisher) for publisher in case.publishers]
            domain.start_node('tagger', parameters=case.parameters)
            cases[name] = Running(domain, reports, publishers)
        yield cases


@pytest.mark.parametrize('name', CASES)
def test_the_reason_is_reported(running: dict[str, Running], name: str) -> None:
    case, now = CASES[name], running[name]
    peer, (node,) = now.domain.peer, now.domain.nodes
    text = warning(peer, now.reports, case.word)
    for part in case.texts:
        assert part in text
    peer.until(lambda: case.word in node.log)
    # An empty message on the topic does no harm.
    for publisher in now.publishers:
        publisher.publish(publisher.msg_type())
    peer.spin(0.1)
    assert node.end() == 0, node.log


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
