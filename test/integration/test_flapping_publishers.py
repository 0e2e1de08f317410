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

import cv2
import flapping_publishers
from nn_perception.benchmark.digit_page import digit_page
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
CAMERA = {'width': 640, 'height': 480, 'rate': 30.0, 'frame_id': 'camera'}
# A node that hangs for 30 s is ended by its watchdog.
SILENCE_S = 10.0
WARM_UP_S = 20.0
SETTLING_S = 8.0
GROWTH = 1.1
# Of 1280 x 720 images, twelve in flight or left behind.
MOST_KB = 12 * 2700

# Receives images, and says how many, in how many subscriptions, and in how much memory at the
# beginning and at the end; faulthandler ends it if it hangs.
RECEIVER = """
import faulthandler
from pathlib import Path
import random
import sys
import time

from nn_perception.ros.inputs.publisher_changes import WantedQos
from nn_perception.ros.inputs.shared_image_subscription import (
    ImageListener,
    SharedImageSubscriptions,
)
from nn_perception.ros.process.main import prepare_process
from nn_perception.core.memory import PeriodicRelease
import rclpy

HANGS_S = 15.0
WARM_UP_S = 5.0

def resident_kb():
    status = Path('/proc/self/status').read_text()
    return int(status.partition('VmRSS:')[2].split()[0])

def turn():
    made[0] += 1
    subscription.remove_listener(listener)
    subscription.add_listener(listener)

prepare_process()
reliability, every_s, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
rclpy.init()
node = rclpy.create_node('receiver')
wanted = WantedQos(reliability, 'volatile')
subscription = SharedImageSubscriptions().get(node, 'image', 'raw', wanted)
images, made, resident = [0], [1], []
listener = ImageListener(lambda _: images.__setitem__(0, images[0] + 1))
subscription.add_listener(listener)
node.create_timer(1.0, subscription.refresh)
node.create_timer(every_s, turn)
release = PeriodicRelease()
began_s = time.monotonic()
while (now_s := time.monotonic()) < began_s + seconds:
    faulthandler.dump_traceback_later(HANGS_S, exit=True)
    rclpy.spin_once(node, timeout_sec=0.05)
    release.tick()
    if not resident and now_s > began_s + WARM_UP_S:
        resident.append(resident_kb())
    # A node has more to do, so that more than one image waits.
    time.sleep(random.uniform(0.0, 0.02))
faulthandler.cancel_dump_traceback_later()
print(images[0], made[0], *resident, resident_kb())
"""


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
def publishing(kind: str, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """Publish images, in a process without the package's transport profile."""
    environment = {k: v for k, v in os.environ.items() if k not in PROFILE_VARIABLES}
    program = flapping_publishers.__file__
    command = [sys.executable, program, kind, str(seconds)]
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


@pytest.mark.long
@pytest.mark.parametrize('seconds', [200.0])
def test_nodes_answer_the_camera_beside_publishers_that_come_and_go(
    peer: Peer, start_node: StartNode, tmp_path: Path, seconds: float
) -> None:
    page = tmp_path / 'page.png'
    assert cv2.imwrite(str(page), digit_page())
    answers = Answers(peer)
    nodes = [start_node(name, parameters={'max_rate': 10.0}) for name in RESULTS]
    start_node('camera_source', parameters={**CAMERA, 'source': page})
    peer.until(lambda: answers.complete_since(0.0))
    before: list[float] = []
    began_s = time.monotonic()
    with publishing('flapping', seconds) as publishers:
        while publishers.poll() is None:
            answered(peer, answers, nodes)
            if not before and time.monotonic() - began_s > WARM_UP_S:
                before = [resident_mb(node) for node in nodes]
    if before:
        # Freed memory is returned every five seconds.
        peer.spin(stretched(SETTLING_S))
    answered(peer, answers, nodes)
    after = [resident_mb(node) for node in nodes]
    for node, old_mb, new_mb in zip(nodes, before, after, strict=False):
        # pytest shows it if the test failed.
        sys.stdout.write(f'{node.log_path.name}: {old_mb:.0f} -> {new_mb:.0f} MB\n')
        assert new_mb < GROWTH * old_mb


def receive(reliability: str, every_s: float, seconds: float) -> subprocess.Popen[str]:
    """Receive images in a process of its own, in a subscription that is made again and again."""
    command = [sys.executable, '-c', RECEIVER, reliability, str(every_s), str(seconds)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.long
def test_subscriptions_that_begin_among_several_publishers(ros_environment: None) -> None:
    """A node that is activated hears the end of an image, and then that it will not get it."""
    with publishing('steady', 17.0):
        receivers = [receive('reliable', 0.15, 13.0) for _ in range(3)]
        for receiver in receivers:
            printed, errors = receiver.communicate(timeout=HANGS_S)
            assert receiver.returncode == 0, errors
            images, subscriptions, *_ = map(int, printed.split())
            assert images > 0
            assert subscriptions > 10


@pytest.mark.long
def test_best_effort_publishers_that_left_take_no_memory(ros_environment: None) -> None:
    with publishing('brief', 18.0):
        receiver = receive('best_effort', 3600.0, 15.0)
        printed, errors = receiver.communicate(timeout=HANGS_S)
    assert receiver.returncode == 0, errors
    images, _, before_kb, after_kb = map(int, printed.split())
    assert images > 0
    assert after_kb < before_kb + MOST_KB, printed
