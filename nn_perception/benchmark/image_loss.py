"""Measure the share of images that are lost between a camera and a subscriber."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.ros.process.node_process import end_process, node_command
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

SIZES = ((640, 480), (1280, 720), (1920, 1080))


def loss(seconds: float) -> dict[str, Any]:
    """Return the lost share at 30 Hz best effort between two processes, for each size."""
    return {f'{w}x{h}': _loss(w, h, seconds) for w, h in SIZES}


def _loss(width: int, height: int, seconds: float) -> float:
    parameters = {
        'rate': 30.0,
        'width': width,
        'height': height,
        'reliability': 'best_effort',
        'wait_for_subscriber': True,
    }
    node = rclpy.create_node('listener')
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    arrived: list[int] = []
    sent: list[int] = []
    node.create_subscription(
        Image,
        'image',
        lambda msg: arrived.append(_stamp_ns(msg)),
        QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT),
    )
    node.create_subscription(
        DiagnosticArray, 'camera_source/playing', lambda msg: sent.append(_stamp_ns(msg)), 100
    )
    process = subprocess.Popen(node_command('camera_source', parameters))
    begun = time.monotonic()
    while not arrived or time.monotonic() < begun + seconds:
        executor.spin_once(timeout_sec=0.2)
        begun = begun if arrived else time.monotonic()
    end_process(process)
    node.destroy_node()
    counted = [stamp for stamp in sent if arrived[0] <= stamp <= arrived[-1]]
    return 1.0 - len(set(counted) & set(arrived)) / len(counted)


def _stamp_ns(msg: Any) -> int:
    return int(msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec)
