"""The robot as the page sees it: what is on a ROS graph."""

from __future__ import annotations

from nn_perception.ros.studio.cameras import RosCameras
from nn_perception.ros.studio.capabilities import RosCapabilities
from nn_perception.ros.studio.diagnostics_watch import DiagnosticsWatch
from nn_perception.ros.studio.executor_calls import ExecutorCalls
from nn_perception.ros.studio.fine_tuning import RosFineTuning
from nn_perception.ros.studio.service_calls import ServiceCalls
from nn_perception.studio.backend.fine_tuning import FineTuning
from rclpy.node import Node


class RosBackend:
    """
    The cameras, networks and the dataset of a ROS graph.

    :ivar cameras: topics with images
    :ivar capabilities: nodes that process images

    :param node: node that talks to the others
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._calls = ExecutorCalls(node)
        self._services = ServiceCalls(node, self._calls)
        self._diagnostics = DiagnosticsWatch(node)
        self.capabilities = RosCapabilities(node, self._calls, self._services, self._diagnostics)
        self.cameras = RosCameras(node, self._calls, self.capabilities)
        self._fine_tuning = RosFineTuning(node, self.cameras.camera_of)

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
        """Number of cameras that somebody watches."""
        return self.cameras.watched

    def refresh(self) -> None:
        """Follow the graph; called once a second in the executor's thread."""
        self._diagnostics.refresh()
        self.capabilities.refresh()
        self.cameras.refresh()

    def close(self) -> None:
        """Let go of the graph, and let nobody wait; called in the executor's thread."""
        self._calls.close()
        self._fine_tuning.close()
        self.cameras.close()
        self._diagnostics.close()
        self._services.close()
