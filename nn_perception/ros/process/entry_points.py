"""
What ``ros2 run nn_perception ...`` and the launch files start.

Each function imports its node only when :func:`run` asks for it, after the signal
handlers are in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nn_perception.ros.process.main import run

if TYPE_CHECKING:
    from rclpy.node import Node


def tagger(args: Sequence[str] | None = None) -> int:
    """Run a node that tags the images of a camera."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.tagger import TaggerNode

        return TaggerNode

    return run(node, args)


def digit_reader(args: Sequence[str] | None = None) -> int:
    """Run a node that reads the digits in the images of a camera."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.digit_reader import DigitReaderNode

        return DigitReaderNode

    return run(node, args)


def pose_estimator(args: Sequence[str] | None = None) -> int:
    """Run a node that finds the people in the images of a camera."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.pose_estimator import PoseEstimatorNode

        return PoseEstimatorNode

    return run(node, args)


def fine_tuner(args: Sequence[str] | None = None) -> int:
    """Run a node that stores labelled frames and teaches models with them."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.fine_tuner import FineTunerNode

        return FineTunerNode

    return run(node, args)


def perception(args: Sequence[str] | None = None) -> int:
    """Run several of the nodes in one process."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.perception import PerceptionNode

        return PerceptionNode

    return run(node, args)


def camera_source(args: Sequence[str] | None = None) -> int:
    """Run a node that plays photographs, a video or a webcam as a camera."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.camera_source import CameraSourceNode

        return CameraSourceNode

    return run(node, args)
