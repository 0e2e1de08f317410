"""
The node ``perception``: composes several camera nodes in one process.

Each camera's images are received and decoded once for all nodes, and the networks share the
processor's cores. Each node keeps its name, topics, services, parameters and lifecycle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import sys
from typing import Any

from nn_perception.ros.base.camera_node import CameraNode
from nn_perception.ros.base.parameters import (
    Contract,
    declare_parameters,
    parameter,
    ParameterError,
)
from nn_perception.ros.base.shared_resources import SharedResources
from nn_perception.ros.inputs.shared_image_subscription import SharedImageSubscriptions
from nn_perception.ros.nodes.digit_reader import DigitReaderNode
from nn_perception.ros.nodes.fine_tuner import FineTunerNode
from nn_perception.ros.nodes.pose_estimator import PoseEstimatorNode
from nn_perception.ros.nodes.tagger import TaggerNode
from nn_perception.ros.process.main import main
from nn_perception.ros.process.ros_arguments import given_ros_arguments
from nn_perception.ros.process.signals import stop_if_requested
from rclpy.node import Node

NODE_TYPES: dict[str, Callable[[SharedResources], CameraNode[Any, Any]]] = {
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
        Contract('nodes that run in this process', choices=tuple(NODE_TYPES), read_only=True),
    )


class PerceptionNode(Node):
    """
    Compose other nodes.

    :ivar composed_nodes: those nodes
    :raises ParameterError: if one of their parameters, or its own, is rejected
    """

    def __init__(self) -> None:
        super().__init__('perception')
        self.composed_nodes: list[CameraNode[Any, Any]] = []
        try:
            self._compose(declare_parameters(self, PerceptionParameters).nodes)
        except BaseException:
            # The caller has no node to destroy.
            self.destroy_node()
            raise

    def _compose(self, names: Sequence[str]) -> None:
        shared = SharedResources(len(names), SharedImageSubscriptions(self), given_ros_arguments())
        for name in names:
            stop_if_requested()
            try:
                self.composed_nodes.append(NODE_TYPES[name](shared))
            except ParameterError as error:
                raise ParameterError(f'{name}: {error}') from error
        self._check_names()

    def _check_names(self) -> None:
        """
        Reject two nodes of one name: their services would be mixed up.

        :raises ParameterError: says which name
        """
        nodes: list[Node] = [self, *self.composed_nodes]
        names = [node.get_fully_qualified_name() for node in nodes]
        if duplicates := [name for name in names if names.count(name) > 1]:
            raise ParameterError(
                f'two nodes of this process would have the name {duplicates[0]}; give the '
                'process, or the node with -r tagger:__node:=NAME, another one'
            )

    def start(self) -> None:
        """Configure and activate the nodes, unless a lifecycle manager will do it."""
        for node in self.composed_nodes:
            node.start()

    def destroy_node(self) -> None:
        """Destroy the composed nodes first: their subscriptions belong to this node."""
        for node in self.composed_nodes:
            node.request_stop()
        for node in self.composed_nodes:
            node.destroy_node()
        super().destroy_node()


if __name__ == '__main__':
    sys.exit(main(lambda: PerceptionNode))
