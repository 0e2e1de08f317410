"""No request and no message of a stranger ends a node, or keeps it from its images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import random
import subprocess
import sys
import time

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from patience import HANGS_S, stretched
import pytest
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)
from rclpy.impl.implementation_singleton import rclpy_implementation
from ros_graph import BEST_EFFORT, image_at, NodeProcess, Peer, picture, RELIABLE
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_srvs.srv import SetBool
from vision_msgs.msg import Classification

StartNode = Callable[..., NodeProcess]

NODES = ('tagger', 'fine_tuner')
KNOWN_TYPES = range(10)
NAMES = ('top_k', 'use_sim_time', '', 'x', 'a.b', 'Größe', '\x1b[31m', '%s', 'x' * 100_000)
MEMORY_SHARE = 0.1
RESEND_S = 0.5


class Target:
    """Several nodes in one process, and what shows that they are well."""

    def __init__(self, peer: Peer, start_node: StartNode) -> None:
        self.peer = peer
        parameters = {'nodes': '[tagger, fine_tuner]', 'top_k': 1, 'min_score': 0.0}
        arguments = [part for k, v in parameters.items() for part in ('-p', f'{k}:={v}')]
        self.node = start_node('perception', ros_args=arguments)
        self.tags = peer.collect(Classification, 'tagger/tags')
        self._images = peer.publisher(Image, 'image', RELIABLE)
        self._stamp_s = 0.0
        peer.matched(self._images)
        self.assert_well()

    def assert_well(self, limit_s: float = 1.0) -> None:
        """Send good frames; the first must be answered in time."""
        began_s, sent_s = time.monotonic(), 0.0
        self._stamp_s += 1.0
        image = image_at(picture(), self._stamp_s)
        before = len(self.tags)

        def answered() -> bool:
            nonlocal sent_s
            # The first may come while the node changes its subscription.
            if time.monotonic() - sent_s > RESEND_S:
                sent_s = time.monotonic()
                self._images.publish(image)
            return len(self.tags) > before

        self.peer.until(answered)
        assert time.monotonic() - began_s < stretched(limit_s) or not before
        assert self.node.process.poll() is None
        assert 'Traceback' not in self.node.log

    def resident_mb(self) -> float:
        """Read the memory of the process."""
        text = Path(f'/proc/{self.node.process.pid}/statm').read_text(encoding='ascii')
        return int(text.split()[1]) * 4096 / 1e6


@pytest.fixture
def target(peer: Peer, start_node: StartNode) -> Target:
    """Start the nodes, and wait for a first result."""
    return Target(peer, start_node)


@pytest.fixture(params=[1, pytest.param(6, marks=pytest.mark.long)])
def repeats(request: pytest.FixtureRequest) -> int:
    """Say how often an attack is repeated."""
    return int(request.param)


def test_parameters_of_all_types(target: Target, repeats: int) -> None:
    chaos = random.Random(repeats)
    before_mb = target.resident_mb()
    for _ in range(repeats):
        # All types that there are, and those that there are not, near them and some others.
        for kind in range(256) if repeats > 1 else (*range(16), *range(16, 256, 15)):
            node = f'/{chaos.choice((*NODES, "perception"))}'
            value = ParameterValue(type=kind, integer_value=chaos.randint(-(2**63), 2**63 - 1))
            bad = Parameter(name=chaos.choice(NAMES), value=value)
            request = SetParameters.Request(parameters=[bad])
            answer = target.peer.call(SetParameters, f'{node}/set_parameters', request)
            assert kind in KNOWN_TYPES or not answer.results[0].successful
            assert answer.results[0].successful or 0 < len(answer.results[0].reason) < 1000
            request = SetParametersAtomically.Request(parameters=[bad, bad])
            answer = target.peer.call(
                SetParametersAtomically, f'{node}/set_parameters_atomically', request
            )
            assert kind in KNOWN_TYPES or not answer.result.successful
            for query, name in (
                (DescribeParameters, 'describe_parameters'),
                (GetParameters, 'get_parameters'),
                (GetParameterTypes, 'get_parameter_types'),
            ):
                names = chaos.sample(NAMES, 3)
                target.peer.call(query, f'{node}/{name}', query.Request(names=names))
            listing = ListParameters.Request(prefixes=[chaos.choice(NAMES)], depth=kind)
            target.peer.call(ListParameters, f'{node}/list_parameters', listing)
    for node in NODES:
        assert target.peer.set_parameter(f'/{node}', 'use_sim_time', False)[0]
    assert target.peer.set_parameter('/tagger', 'top_k', 1)[0]
    target.assert_well()
    assert target.resident_mb() < before_mb * (1 + MEMORY_SHARE)


def test_clocks_before_zero_and_beyond_all_years(target: Target, repeats: int) -> None:
    clock = target.peer.publisher(Clock, '/clock', BEST_EFFORT)
    for node in (*NODES, 'perception'):
        assert target.peer.set_parameter(f'/{node}', 'use_sim_time', True)[0]
    target.peer.matched(clock, len(NODES) + 1)
    times = ((-1, 0), (0, 0), (-(2**31), 2**32 - 1), (2**31 - 1, 2**32 - 1), (5, 0), (4, 10**9))
    for number in range(30 * repeats):
        message = Clock()
        message.clock.sec, message.clock.nanosec = times[number % len(times)]
        clock.publish(message)
        target.peer.spin(0.01)
    target.assert_well()
    assert target.node.log.count('ignored a message') <= 1 + 3 * repeats
    for node in NODES:
        assert target.peer.set_parameter(f'/{node}', 'use_sim_time', False)[0]
    target.assert_well()


def test_lifecycle_transitions_at_random(target: Target, repeats: int) -> None:
    chaos = random.Random(repeats)
    labels = ('', '', '', 'activate', 'shutdown?', 'x' * 10_000, 'Größe')
    # All but the shutdowns, after which a node is to be unusable.
    ids = [0, 1, 2, 3, 4, 8, 9, 10, 50, 60, 62, 97, 98, 99, 200, 255]
    for _ in range(100 * repeats):
        transition = Transition(id=chaos.choice(ids), label=chaos.choice(labels))
        request = ChangeState.Request(transition=transition)
        target.peer.call(ChangeState, f'/{chaos.choice(NODES)}/change_state', request)
    for node in NODES:
        for _ in range(3):
            state = target.peer.call(GetState, f'/{node}/get_state', GetState.Request())
            step = {
                State.PRIMARY_STATE_UNCONFIGURED: Transition.TRANSITION_CONFIGURE,
                State.PRIMARY_STATE_INACTIVE: Transition.TRANSITION_ACTIVATE,
            }.get(state.current_state.id)
            if step is not None:
                request = ChangeState.Request(transition=Transition(id=step))
                target.peer.call(ChangeState, f'/{node}/change_state', request)
    enable = SetBool.Request(data=True)
    assert target.peer.call(SetBool, '/tagger/enable', enable).success
    target.assert_well()
    assert target.node.log.count('rejected a request') < 20


def test_types_that_nobody_uses(target: Target, repeats: int) -> None:
    srv = pytest.importorskip('type_description_interfaces.srv')
    hashes = ('', 'RIHS01_', 'RIHS02_' + '0' * 64, 'x' * 100_000, 'RIHS01_' + '0' * 64)
    for name in (*NAMES, 'sensor_msgs/msg/Image') * repeats:
        for type_hash in hashes:
            request = srv.GetTypeDescription.Request(type_name=name, type_hash=type_hash)
            service = f'/{NODES[0]}/get_type_description'
            answer = target.peer.call(srv.GetTypeDescription, service, request)
            assert not answer.successful
            assert 0 < len(answer.failure_reason) < 200
    assert 'type hash' not in target.node.log
    target.assert_well()


def test_bytes_that_are_no_message(target: Target, repeats: int) -> None:
    """Messages whose bytes do not fit their type, on every topic that is subscribed to."""
    chaos = random.Random(repeats)
    kinds = {Image: 'image', CompressedImage: 'image/compressed', CameraInfo: 'camera_info'}
    publishers = [target.peer.publisher(kind, topic) for kind, topic in kinds.items()]
    start = b'\0\1\0\0'
    for _ in range(300 * repeats):
        body = chaos.choice((b'\xff' * 64, b'', chaos.randbytes(chaos.randint(0, 5000))))
        try:
            chaos.choice(publishers).publish(start + body)
        except rclpy_implementation.RCLError:
            continue  # the sender's own middleware refuses some
        target.peer.spin(0.001)
    target.assert_well()


@pytest.mark.long
def test_cases_of_others(target: Target, cases: Path) -> None:
    """A parameter of an unknown type, then a clock before zero, as they were reported."""
    for case, nodes in (
        ('30_parameter_of_unknown_type', ('/tagger', '/fine_tuner', '/perception')),
        ('31_clock_before_zero', ('/tagger',)),
    ):
        for node in nodes:
            command = [sys.executable, str(cases / case / 'send.py'), node]
            sender = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            target.peer.until(lambda sender=sender: sender.poll() is not None)
            answer, _ = sender.communicate()
            assert sender.returncode == 0
            assert case[:2] == '31' or answer == 'answered\n'
        target.assert_well()
    assert target.node.log.count('ignored a message') == 1


OWN_BUG = """
import sys
from nn_perception.ros.process.main import main
from rclpy.node import Node

class Buggy(Node):
    def __init__(self):
        super().__init__('buggy')
        self.create_timer(0.01, self.fail)
    def fail(self):
        raise ValueError('a bug of ours')

sys.exit(main(lambda: Buggy))
"""


def test_a_bug_of_our_own_ends_the_process(ros_environment: None) -> None:
    result = subprocess.run(
        [sys.executable, '-c', OWN_BUG],
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )
    assert result.returncode == 1
    assert 'Traceback' in result.stderr
    assert 'ValueError: a bug of ours' in result.stderr
