"""Publishers that come and go on the image topic neither hang a node nor fill its memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import re
import subprocess
import sys
import time
from typing import Any

import flapping_publishers
from nn_perception.ros.process.main import PROFILE_VARIABLES
from nn_perception_interfaces.msg import HumanPoseArray
from patience import HANGS_S, stretched
import pytest
from ros_graph import NodeProcess, Peer
from vision_msgs.msg import Classification, Detection2DArray

StartNode = Callable[..., NodeProcess]

RESULTS = {
    'tagger': (Classification, 'tagger/tags'),
    'digit_reader': (Detection2DArray, 'digit_reader/digits'),
    'pose_estimator': (HumanPoseArray, 'pose_estimator/poses'),
}
CAMERA = {'width': 640, 'height': 480, 'rate': 10.0, 'frame_id': 'camera'}
# A node that hangs for 30 s is ended by its watchdog.
SILENCE_S = 10.0
WARM_UP_S = 20.0
SETTLING_S = 8.0
GROWTH = 1.1


class Answers:
    """When each node last answered the camera."""

    def __init__(self, peer: Peer) -> None:
        self.newest_s: dict[str, float] = {}
        for name, (kind, topic) in RESULTS.items():
            peer.node.create_subscription(kind, topic, self._keep(name), 10)

    def complete_since(self, moment_s: float) -> bool:
        """Tell whether every node answered the camera since then, by the monotonic clock."""
        return all(self.newest_s.get(name, 0.0) > moment_s for name in RESULTS)

    def _keep(self, name: str) -> Callable[[Any], None]:
        def keep(msg: Any) -> None:
            if msg.header.frame_id == CAMERA['frame_id']:
                self.newest_s[name] = time.monotonic()

        return keep


@contextmanager
def flapping(seconds: float, seed: int) -> Iterator[subprocess.Popen[bytes]]:
    """Let publishers come and go, in a process without the package's transport profile."""
    environment = {k: v for k, v in os.environ.items() if k not in PROFILE_VARIABLES}
    program = flapping_publishers.__file__
    command = [sys.executable, program, str(seconds), str(seed)]
    with subprocess.Popen(command, env=environment) as process:
        yield process
        assert process.wait(HANGS_S) == 0


def resident_mb(process: NodeProcess) -> float:
    """Return the memory that a process occupies now."""
    status = Path(f'/proc/{process.process.pid}/status').read_text()
    found = re.search(r'VmRSS:\s+(\d+) kB', status)
    assert found
    return int(found[1]) / 1024


def answered(peer: Peer, answers: Answers, nodes: list[NodeProcess]) -> None:
    """Wait until every node has answered the camera once more, and check that it lives."""
    now_s = time.monotonic()
    peer.until(lambda: answers.complete_since(now_s), SILENCE_S)
    for node in nodes:
        assert node.process.poll() is None, node.log
        assert 'Traceback' not in node.log


@pytest.mark.parametrize('seconds', [20.0, pytest.param(200.0, marks=pytest.mark.long)])
def test_nodes_answer_the_camera_beside_publishers_that_come_and_go(
    peer: Peer, start_node: StartNode, seconds: float
) -> None:
    answers = Answers(peer)
    nodes = [start_node(name, parameters={'max_rate': 10.0}) for name in RESULTS]
    start_node('camera_source', parameters=CAMERA)
    peer.until(lambda: answers.complete_since(0.0))
    before: list[float] = []
    began_s = time.monotonic()
    with flapping(seconds, seed=5) as publishers:
        while publishers.poll() is None:
            answered(peer, answers, nodes)
            if not before and time.monotonic() - began_s > WARM_UP_S:
                before = [resident_mb(node) for node in nodes]
    peer.spin(stretched(SETTLING_S))
    answered(peer, answers, nodes)
    after = [resident_mb(node) for node in nodes]
    for node, old_mb, new_mb in zip(nodes, before, after, strict=False):
        assert new_mb < GROWTH * old_mb, f'{node.log_path.name}: {old_mb:.0f} -> {new_mb:.0f} MB'
