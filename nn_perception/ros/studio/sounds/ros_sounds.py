"""The microphones of a ROS graph, and what its nodes hear and are taught."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.backend.capabilities import CapabilityStatus
from nn_perception.studio.backend.fine_tuning import FineTuning
from nn_perception.studio.backend.sounds import Listening, SoundListener
from rclpy.node import Node


class RosSounds:
    """
    :class:`~nn_perception.studio.backend.sounds.Sounds` of a ROS graph.

    :param node: node that talks to the others
    """

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def fine_tuning(self) -> FineTuning:
        """The node that stores clips and fine-tunes."""
        raise NotImplementedError

    def list(self) -> Sequence[CameraInfo]:
        """List the topics with audio."""
        raise NotImplementedError

    def listen(self, microphone: str, listener: SoundListener) -> Listening:
        """
        Receive a microphone's sound, and what is heard in it.

        :raises ValueError: if there is no such topic
        """
        raise NotImplementedError

    def silence_reason(self, microphone: str) -> str:
        """Say why no sound arrives; empty if sound arrives or nothing is known."""
        raise NotImplementedError

    def status(self) -> CapabilityStatus:
        """Describe the node that hears."""
        raise NotImplementedError

    def change(self, setting: str, value: float) -> None:
        """Change a parameter of the node that hears."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the graph."""
