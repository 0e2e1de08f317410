"""Thousands of messages with senseless values end, hang and fatten no node."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import re
import time

from hostile_messages import good_message, HostileMessages
from nn_perception.core.imaging.image_files import read_image
from nn_perception_interfaces.msg import HumanPoseArray
from patience import stretched
import pytest
from ros_graph import NodeProcess, Peer
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from vision_msgs.msg import Classification, Detection2DArray

StartNode = Callable[..., NodeProcess]

NODES = ('tagger', 'digit_reader', 'pose_estimator', 'fine_tuner')
SKIER = Path('nn_perception/samples/skier.jpg')
NEXT_GOOD_S = 1.0
MEMORY_SHARE = 0.1
# 200 reasons for each node, and some lines about other things.
LOG_LINES = 900
LONGEST_LINE = 2000
OUR_LINE = re.compile(r'\[\w+\] \[[\d.]+\] \[')
BATCH = 100
# A topic of each subscribed type; the depth of the pose estimator has two.
TOPICS = {
    'raw': {Image: ('image', 'depth'), CameraInfo: ('depth/camera_info',), Clock: ('/clock',)},
    'compressed': {
        CompressedImage: ('image/compressed',),
        CameraInfo: ('depth/camera_info',),
        Image: ('depth',),
    },
}


class Attacked:
    """All the nodes in one process, their results, and what a stranger publishes."""

    def __init__(self, peer: Peer, start_node: StartNode, transport: str, store: Path) -> None:
        self.peer = peer
        self._kind = {'raw': Image, 'compressed': CompressedImage}[transport]
        values = {
            'nodes': f'[{", ".join(NODES)}]',
            'image_transport': transport,
            'data_folder': store,
            'store_folder': store,
        }
        arguments = [word for k, v in values.items() for word in ('-p', f'{k}:={v}')]
        self.node = start_node('perception', ros_args=arguments)
        self._results = [
            peer.collect(Classification, 'tagger/tags'),
            peer.collect(Detection2DArray, 'digit_reader/digits'),
            peer.collect(HumanPoseArray, 'pose_estimator/poses'),
        ]
        self.publishers = [
            (kind, peer.publisher(kind, topic))
            for kind, topics in TOPICS[transport].items()
            for topic in topics
        ]
        self._camera = next(one for kind, one in self.publishers if kind is self._kind)
        self._image = read_image(SKIER)[::2, ::2].copy()
        self._seconds = 1000.0
        peer.matched(self._camera)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the good image."""
        height, width = self._image.shape[:2]
        return width, height

    def assert_well(self, limit_s: float | None = NEXT_GOOD_S) -> None:
        """Publish good images; the three nodes must answer in time."""
        self._seconds += 1.0
        good = good_message(self._kind, self._image, self._seconds)
        began_s, sent_s = time.monotonic(), 0.0

        def answered() -> bool:
            nonlocal sent_s
            # One of them may be replaced in the slot by a bad image that is still on its way.
            if time.monotonic() - sent_s > 0.2:
                sent_s = time.monotonic()
                self._camera.publish(good)
            return all(
                found and found[-1].header.stamp.sec == int(self._seconds)
                for found in self._results
            )

        self.peer.until(answered)
        duration_s = time.monotonic() - began_s
        assert limit_s is None or duration_s < stretched(limit_s), self.node.log
        assert self.node.process.poll() is None
        for found in self._results:
            found.clear()

    def resident_mb(self) -> float:
        """Read the memory of the process, after it has freed what it does not need."""
        text = Path(f'/proc/{self.node.process.pid}/statm').read_text(encoding='ascii')
        return int(text.split()[1]) * 4096 / 1e6


@pytest.mark.parametrize('transport', list(TOPICS))
@pytest.mark.parametrize('count', [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_messages_of_every_type(
    peer: Peer, start_node: StartNode, tmp_path: Path, transport: str, count: int
) -> None:
    attacked = Attacked(peer, start_node, transport, tmp_path / 'store')
    if transport == 'raw':
        for node in (*NODES, 'perception'):
            assert peer.set_parameter(f'/{node}', 'use_sim_time', True)[0]
    hostile = HostileMessages(attacked.size, seed=count)
    attacked.assert_well(limit_s=None)
    before_mb = 0.0
    for number in range(count):
        for kind, publisher in attacked.publishers:
            publisher.publish(hostile.kinds[kind]())
        peer.spin(0.002)
        if number % BATCH == BATCH - 1:
            attacked.assert_well()
        if number == count // 3:
            before_mb = attacked.resident_mb()
    attacked.assert_well()
    assert attacked.resident_mb() < before_mb * (1 + MEMORY_SHARE)
    log = attacked.node.log
    assert 'Traceback' not in log
    # Decoders write lines of their own.
    lines = [line for line in log.splitlines() if OUR_LINE.match(line)]
    assert len(lines) < LOG_LINES
    assert max(map(len, lines)) < LONGEST_LINE
