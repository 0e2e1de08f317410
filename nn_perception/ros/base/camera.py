"""One camera of a node: its images, its overlay and its state."""

from __future__ import annotations

from functools import partial

from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.slots_and_stages import LatestSlots
from nn_perception.ros.diagnostics.camera_health import CameraHealth
from nn_perception.ros.diagnostics.frame_statistics import FrameStatistics
from nn_perception.ros.diagnostics.log_throttle import LogThrottle
from nn_perception.ros.diagnostics.status import Status
from nn_perception.ros.inputs.image_input import ImageInput, ImageTopic
from nn_perception.ros.inputs.shared_image_subscription import (
    ReceivedImage,
    SharedImageSubscriptions,
)
from nn_perception.ros.outputs.qos import OVERLAY_QOS
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image


class Camera:
    """
    A camera of a node.

    :ivar name: prefix of its topics; may be empty
    :ivar log_prefix: begins each log line about the camera
    :ivar images: receives its images
    :ivar overlay: publishes its images with the results drawn on them
    :ivar statistics: of its images

    :param name: prefix of its topics; may be empty
    :param node: node that the camera belongs to
    :param subscriptions: of the process
    :param slots: receive its newest image
    """

    def __init__(
        self,
        name: str,
        node: LifecycleNode,
        subscriptions: SharedImageSubscriptions,
        parameters: CameraParameters,
        slots: LatestSlots[Camera, ReceivedImage],
    ) -> None:
        self.name = name
        self.log_prefix = f'{name}: ' if name else ''
        topic = ImageTopic(self.input('image'), parameters.image_transport, parameters.wanted_qos)
        self.images = ImageInput(node, subscriptions, topic, partial(slots.put, self))
        self.overlay = node.create_lifecycle_publisher(Image, self.output('overlay'), OVERLAY_QOS)
        self.statistics = FrameStatistics()
        self._health = CameraHealth(self.images, partial(slots.dropped, self), self.statistics)
        self._log_throttle = LogThrottle(node.get_logger(), self.log_prefix)

    def input(self, topic: str) -> str:
        """Name a topic that the camera publishes, before remapping."""
        return f'{self.name}/{topic}' if self.name else topic

    def output(self, topic: str) -> str:
        """Name a topic with the node's results for the camera, before remapping."""
        return f'~/{self.input(topic)}'

    def assess(self, blocking_reason: Status | None, warning: str) -> Status:
        """Assess the images, see :meth:`CameraHealth.assess`, and log lasting problems."""
        status = self._health.assess(blocking_reason, warning)
        self._log_throttle.update(status)
        return status
