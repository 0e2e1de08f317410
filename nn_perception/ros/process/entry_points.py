"""
The executables of this package, for ``ros2 run`` and launch files.

Each function imports its node only when :func:`~nn_perception.ros.process.main.main` asks for it,
after the signal handlers are in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nn_perception.ros.process.main import main

if TYPE_CHECKING:
    from rclpy.node import Node


def tagger(args: Sequence[str] | None = None) -> int:
    """Run the node that tags a camera's images."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.tagger import TaggerNode

        return TaggerNode

    return main(node, args)


def digit_reader(args: Sequence[str] | None = None) -> int:
    """Run the node that reads the digits in a camera's images."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.digit_reader import DigitReaderNode

        return DigitReaderNode

    return main(node, args)


def pose_estimator(args: Sequence[str] | None = None) -> int:
    """Run the node that finds the people in a camera's images."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.pose_estimator import PoseEstimatorNode

        return PoseEstimatorNode

    return main(node, args)


def fine_tuner(args: Sequence[str] | None = None) -> int:
    """Run the node that stores labelled frames and fine-tunes models with them."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.fine_tuner import FineTunerNode

        return FineTunerNode

    return main(node, args)


def sound_tagger(args: Sequence[str] | None = None) -> int:
    """Run the node that tags what a microphone hears."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.sound_tagger import SoundTaggerNode

        return SoundTaggerNode

    return main(node, args)


def sound_fine_tuner(args: Sequence[str] | None = None) -> int:
    """Run the node that stores labelled clips of sound and fine-tunes models with them."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.sound_fine_tuner import SoundFineTunerNode

        return SoundFineTunerNode

    return main(node, args)


def perception(args: Sequence[str] | None = None) -> int:
    """Run several of the nodes in one process."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.perception import PerceptionNode

        return PerceptionNode

    return main(node, args)


def camera_source(args: Sequence[str] | None = None) -> int:
    """Run the node that plays photographs, a video, a bag or a webcam as a camera."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.camera_source import CameraSourceNode

        return CameraSourceNode

    return main(node, args)


def sound_source(args: Sequence[str] | None = None) -> int:
    """Run the node that plays sound files, or a microphone, as an audio topic."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.sound_source import SoundSourceNode

        return SoundSourceNode

    return main(node, args)


def studio(args: Sequence[str] | None = None) -> int:
    """Run the node that serves the page."""

    def node() -> type[Node]:
        from nn_perception.ros.nodes.studio import import_node

        return import_node()

    return main(node, args)
