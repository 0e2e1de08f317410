"""
A program: publishers of images that come and go, ``python flapping_publishers.py KIND SECONDS``.

It uses the default transport of Fast DDS, not the package's: a strange camera driver's images do
not fit its shared memory, so their parts are lost and sent again.
"""

from __future__ import annotations

from dataclasses import dataclass
import random
import sys
import time

import rclpy
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
FRAME_ID = 'flapping'
HOUR_S = 3600.0


@dataclass(frozen=True)
class Kind:
    """
    How publishers behave.

    :ivar number: how many there are
    :ivar reliabilities: what they offer, at random each time
    :ivar life_s: how long one stays, at least and at most
    :ivar pause_s: how long it is away
    :ivar empty_share: of the messages that have no data
    """

    number: int
    reliabilities: tuple[ReliabilityPolicy, ...]
    life_s: tuple[float, float]
    pause_s: tuple[float, float]
    empty_share: float
    width: int = 640
    height: int = 480
    longest_period_s: float = 0.02


KINDS = {
    'flapping': Kind(
        3, (RELIABLE, BEST_EFFORT), (0.3, 2.5), (0.0, 0.3), 0.2, longest_period_s=0.04
    ),
    'steady': Kind(2, (RELIABLE,), (HOUR_S, HOUR_S), (0.0, 0.0), 0.25, longest_period_s=0.01),
    'brief': Kind(2, (BEST_EFFORT,), (0.15, 0.5), (0.0, 0.05), 0.0, 1280, 720, 0.05),
}


class Flapping:
    """A publisher that comes and goes."""

    def __init__(self, node: Node, kind: Kind, rng: random.Random) -> None:
        self._node = node
        self._kind = kind
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
            qos = QoSProfile(depth=1, reliability=self._rng.choice(self._kind.reliabilities))
            self._publisher = self._node.create_publisher(Image, 'image', qos)
            lasts = self._kind.life_s
        else:
            self._node.destroy_publisher(self._publisher)
            self._publisher = None
            lasts = self._kind.pause_s
        self._until_s = time.monotonic() + self._rng.uniform(*lasts)


def make_message(kind: Kind) -> Image:
    """Make an image without data."""
    msg = Image(width=kind.width, height=kind.height, step=kind.width * 3, encoding='bgr8')
    msg.header.frame_id = FRAME_ID
    return msg


def main() -> None:
    """Publish for some seconds."""
    kind, seconds = KINDS[sys.argv[1]], float(sys.argv[2])
    rng = random.Random(5)
    rclpy.init()
    node = rclpy.create_node('flapping')
    empty, full = make_message(kind), make_message(kind)
    full.data.frombytes(bytes([128]) * (full.step * full.height))
    publishers = [Flapping(node, kind, rng) for _ in range(kind.number)]
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        msg = empty if rng.random() < kind.empty_share else full
        msg.header.stamp = node.get_clock().now().to_msg()
        rng.choice(publishers).publish(msg)
        time.sleep(rng.uniform(0.0, kind.longest_period_s))
    node.destroy_node()
    rclpy.shutdown()


if __name__ == '__main__':
    main()
