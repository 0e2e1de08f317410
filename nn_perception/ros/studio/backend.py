"""The robot as the page sees it: what is on a ROS graph."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.ros.studio.cameras import RosCameras
from nn_perception.ros.studio.capabilities import RosCapabilities
from nn_perception.ros.studio.diagnostics_watch import DiagnosticsWatch
from nn_perception.ros.studio.executor_calls import ExecutorCalls
from nn_perception.ros.studio.fine_tuning import RosFineTuning
from nn_perception.ros.studio.service_calls import ServiceCalls
from nn_perception.ros.studio.sounds.ros_sounds import RosSounds
from nn_perception.studio.backend.fine_tuning import FineTuning
from nn_perception.studio.local.cameras import LocalCameras
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.viewer.joined_cameras import JoinedCameras
from rclpy.node import Node


class RosBackend:
    """
    The cameras, networks and the dataset of a ROS graph.

    :ivar cameras: topics with images, and sources of this machine
    :ivar capabilities: nodes that process images
    :ivar sounds: topics with audio, and nodes that hear

    :param node: node that talks to the others
    :param perception: processes what this machine plays
    :param sources: files and folders of this machine that are cameras too
    :raises OSError: if one of them cannot be read
    :raises ValueError: if one of them cannot be played
    :raises ImportError: if one of them is a bag, and the package rosbags is not installed
    """

    def __init__(self, node: Node, perception: Perception, sources: Sequence[str] = ()) -> None:
        self._closed = False
        self._played = LocalCameras(perception, sources)
        self._node = node
        self._calls = ExecutorCalls(node)
        self._services = ServiceCalls(node, self._calls)
        self._diagnostics = DiagnosticsWatch(node)
        self.capabilities = RosCapabilities(node, self._calls, self._services, self._diagnostics)
        self._topics = RosCameras(node, self._calls, self.capabilities)
        self.cameras = JoinedCameras(self._topics, self._played)
        self._fine_tuning = RosFineTuning(node, self._topics.camera_of)
        self.sounds = RosSounds(node, self._calls, self.capabilities)

    @property
    def title(self) -> str:
        """Which graph it is."""
        domain = self._node.context.get_domain_id()
        return f'ROS domain {domain}'

    @property
    def fine_tuning(self) -> FineTuning:
        """The node that stores frames and fine-tunes."""
        return self._fine_tuning

    @property
    def watched_cameras(self) -> int:
        """Number of topics that somebody watches."""
        return self._topics.watched

    def refresh(self) -> None:
        """Follow the graph; called once a second in the executor's thread."""
        self._diagnostics.refresh()
        self.capabilities.refresh()
        self._topics.refresh()
        self.sounds.refresh()

    def close(self) -> None:
        """Let go of the graph, and let nobody wait; called in the executor's thread."""
        if self._closed:
            return
        self._closed = True
        self._calls.close()
        self._fine_tuning.close()
        self.sounds.close()
        self._played.close()
        self._topics.close()
        self._diagnostics.close()
        self._services.close()
