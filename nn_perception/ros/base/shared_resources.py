"""What the nodes of one process share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nn_perception.ros.process.ros_arguments import RosArguments

if TYPE_CHECKING:  # a node that receives no images does not import what receives them
    from nn_perception.ros.inputs.shared_image_subscription import SharedImageSubscriptions


@dataclass(frozen=True)
class SharedResources:
    """
    What the nodes of one process share.

    :ivar nodes: number of nodes that share the processor's cores
    :ivar image_subscriptions: the image subscriptions; None: the node has its own
    :ivar arguments: ROS arguments that name the nodes; None: rclpy names the only one
    """

    nodes: int = 1
    image_subscriptions: SharedImageSubscriptions | None = None
    arguments: RosArguments | None = None

    def naming(self, node: str) -> list[str] | None:
        """
        Give the ROS arguments of one node that make it keep its name.

        :param node: its default name
        """
        if self.arguments is None:
            return None
        return ['--ros-args', '-r', f'__node:={self.arguments.name_of(node)}']
