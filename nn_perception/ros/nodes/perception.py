"""
The node ``perception``: several camera nodes in one process.

Each camera's images are received and decoded once for all of them, and their networks share out
the processor's cores. Each keeps its name, topics, services, parameters and lifecycle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nn_perception.ros.base.camera_node import CameraNode, SharedResources
from nn_perception.ros.base.parameters import declare_parameters, parameter, ParameterError
from nn_perception.ros.inputs.shared_image_subscription import SharedImageSubscriptions
from nn_perception.ros.nodes.digit_reader import DigitReaderNode
from nn_perception.ros.nodes.fine_tuner import FineTunerNode
from nn_perception.ros.nodes.pose_estimator import PoseEstimatorNode
from nn_perception.ros.nodes.tagger import TaggerNode
from nn_perception.ros.process.signals import stop_if_requested
from rclpy.node import Node

KINDS: dict[str, type[CameraNode[Any, Any]]] = {
    'tagger': TaggerNode,
    'digit_reader': DigitReaderNode,
    'pose_estimator': PoseEstimatorNode,
    'fine_tuner': FineTunerNode,
}


@dataclass(frozen=True)
class PerceptionParameters:
    """Parameters of the node ``perception``."""

    nodes: tuple[str, ...] = parameter(
        ('tagger', 'digit_reader', 'pose_estimator'),
        'the nodes that run in this process',
        choices=tuple(KINDS),
        read_only=True,
    )


class PerceptionNode(Node):
    """
    Host other nodes.

    :ivar hosted: those nodes
    :raises ParameterError: if a parameter of one of them, or its own, is refused
    """

    def __init__(self) -> None:
        super().__init__('perception')
        self.hosted: list[CameraNode[Any, Any]] = []
        try:
            self._host(declare_parameters(self, PerceptionParameters).nodes)
        except BaseException:
            # Nobody else could take down what stands already.
            self.destroy_node()
            raise

    def _host(self, names: Sequence[str]) -> None:
        shared_resources = SharedResources(len(names), SharedImageSubscriptions(self))
        for name in names:
            stop_if_requested()
            try:
                self.hosted.append(KINDS[name](shared_resources))
            except ParameterError as error:
                raise ParameterError(f'{name}: {error}') from error

    def start(self) -> None:
        """Configure and activate those that are to start by themselves."""
        for node in self.hosted:
            node.start()

    def destroy_node(self) -> None:
        """Take the hosted nodes down first: they listen through this one."""
        for node in self.hosted:
            node.destroy_node()
        super().destroy_node()
