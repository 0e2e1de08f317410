"""
A program: publishers that come and go, as ``python flapping_publishers.py SECONDS SEED``.

It uses the default transport of Fast DDS, not the package's: a strange camera driver's images do
not fit its shared memory, so their parts are lost and sent again.
"""

from __future__ import annotations

import random
import sys
import time

import rclpy
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

PUBLISHERS = 3
LIFE_S = (0.3, 2.5)
PAUSE_S = (0.0, 0.3)
PERIOD_S = (0.0, 0.02)
WIDTH, HEIGHT = 640, 480
EMPTY_SHARE = 0.2
FRAME_ID = 'flapping'


class Flapping:
    """A publisher that comes and goes, each time with another reliability."""

    def __init__(self, node: rclpy.node.Node, rng: random.Random) -> None:
        self._node = node
        self._rng = rng
        self._publisher: Publisher | None = None
        self._until_s = 0.0

    def publish(self, msg: Image) -> None:
        """Publish, unless the publisher is away; come or go when it is time."""
        if time.monotonic() > self._until_s:
            self._turn()
        if self._publisher is not None:
            self._publisher.publish(msg)

    def _turn(self) -> None:
        if self._publisher is None:
            kinds = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
            qos = QoSProfile(depth=1, reliability=self._rng.choice(kinds))
            self._publisher = self._node.create_publisher(Image, 'image', qos)
        else:
            self._node.destroy_publisher(self._publisher)
            self._publisher = None
        lasts = LIFE_S if self._publisher is not None else PAUSE_S
        self._until_s = time.monotonic() + self._rng.uniform(*lasts)


def make_message() -> Image:
    """Make a grey image."""
    msg = Image(width=WIDTH, height=HEIGHT, step=WIDTH * 3, encoding='bgr8')
    msg.header.frame_id = FRAME_ID
    return msg


def main() -> None:
    """Publish for some seconds."""
    seconds, seed = float(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    rclpy.init()
    node = rclpy.create_node('flapping')
    empty, full = make_message(), make_message()
    full.data.frombytes(bytes([128]) * (WIDTH * HEIGHT * 3))
    publishers = [Flapping(node, rng) for _ in range(PUBLISHERS)]
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        msg = empty if rng.random() < EMPTY_SHARE else full
        msg.header.stamp = node.get_clock().now().to_msg()
        rng.choice(publishers).publish(msg)
        time.sleep(rng.uniform(*PERIOD_S))
    node.destroy_node()
    rclpy.shutdown()


if __name__ == '__main__':
    main()
