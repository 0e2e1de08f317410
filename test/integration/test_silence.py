"""When no image arrives, the diagnostics say why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
        ['ros2 lifecycle set /tagger configure && ros2 lifecycle set /tagger activate'],
        [(Image, 'image', RELIABLE)],
        {'autostart': False},
    ),
    'a silent publisher': Case(
        '1 publisher(s) on /image', ['no image received'], [(Image, 'image', RELIABLE)]
    ),
    # The tagger's own overlay does not count as a camera.
    'no camera at all': Case('no publisher on /image', ['no camera publishes in this ROS domain']),
}


# Taggers of the other tests, and their parameters.
OTHERS: dict[str, dict[str, Any]] = {
    'timestamps are zero': {},
    'another clock': {},
    'simulated time': {'use_sim_time': True},
    'logged once': {},
    'reliability': {},
}


@dataclass(frozen=True)
class Running:
    """A tagger in a ROS domain of its own."""

    domain: Domain
    reports: list[dict[str, str]]
    publishers: list[Any]

    @property
    def peer(self) -> Peer:
        """The node that talks to the tagger."""
        return self.domain.peer

    @property
    def node(self) -> NodeProcess:
        """The tagger."""
        return self.domain.nodes[0]


@pytest.fixture(scope='module')
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    """Start all taggers at once: each test takes seconds and does almost nothing."""
    taggers = {}
    cases = {**CASES, **{name: Case('', [], (), values) for name, values in OTHERS.items()}}
    with ExitStack() as stack:
        for number, (name, case) in enumerate(cases.items()):
            folder = tmp_path_factory.mktemp('logs')
            domain = stack.enter_context(own_domain(folder, f'peer_{number}'))
            reports = domain.peer.diagnostics('/tagger')
            publishers = [domain.peer.publisher(*publisher) for publisher in case.publishers]
            domain.start_node('tagger', parameters=case.parameters)
            taggers[name] = Running(domain, reports, publishers)
        yield taggers


def warning(tagger: Running, word: str) -> str:
    """Wait for a warning that contains a text, and return it."""

    def found() -> str:
        texts = [
            report['message']
            for report in tagger.reports
            if report['level'] == '1' and word in report['message']
        ]
        return texts[-1] if texts else ''

    return tagger.peer.until(found)


@pytest.mark.parametrize('name', CASES)
def test_the_reason_is_reported(running: dict[str, Running], name: str) -> None:
    case, now = CASES[name], running[name]
    text = warning(now, case.word)
    for part in case.texts:
        assert part in text
    now.peer.until(lambda: case.word in now.node.log)
    # An empty message on the topic does no harm.
    for publisher in now.publishers:
        publisher.publish(publisher.msg_type())
    now.peer.spin(0.1)
    assert now.node.end() == 0, now.node.log


@pytest.mark.parametrize(
    ('name', 'message', 'text'),
    [
        ('timestamps are zero', image_message(picture(), Header()), 'no timestamps'),
        ('another clock', image_at(picture(), 1.0), 'use_sim_time'),
    ],
    ids=list(OTHERS)[:2],
)
def test_unusable_timestamps(
    running: dict[str, Running], name: str, message: Image, text: str
) -> None:
    now = running[name]
    camera = now.peer.publisher(Image, 'image')
    now.peer.matched(camera)

    def found() -> bool:
        camera.publish(message)
        return any(text in report['message'] for report in now.reports)

    now.peer.until(found)


def test_simulated_time_stands_still(running: dict[str, Running]) -> None:
    now = running['simulated time']
    assert warning(now, '/clock') == 'use_sim_time is set, but /clock has no publisher'
    clock = now.peer.publisher(Clock, '/clock')
    now.peer.matched(clock)
    message = Clock()
    message.clock.sec = 77
    clock.publish(message)
    assert 'is the simulation paused?' in warning(now, 'stopped at 77.0 s')
    now.peer.until(lambda: now.node.log.count('is the simulation paused?') == 1)


def test_the_cause_is_logged_once(running: dict[str, Running]) -> None:
    peer, node = running['logged once'].peer, running['logged once'].node
    tags = peer.collect(Classification, 'tagger/tags')
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


def test_reliability_follows_the_publishers(running: dict[str, Running]) -> None:
    peer, reports = running['reliability'].peer, running['reliability'].reports
    tags = peer.collect(Classification, 'tagger/tags')
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
