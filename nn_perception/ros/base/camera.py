"""One camera of a node: where its images come from, and how they fare."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.latest_slots import LatestSlots
from nn_perception.ros.diagnostics.camera_diagnostics import CameraHealth, FrameStatistics
from nn_perception.ros.diagnostics.log_throttle import LogThrottle
from nn_perception.ros.inputs.image_input import ImageInput
from nn_perception.ros.inputs.shared_image_subscription import (
    ReceivedImage,
    SharedImageSubscriptions,
)
from nn_perception.ros.outputs.qos import OVERLAY_QOS
import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image
from std_msgs.msg import Header


class Camera:
    """
    A camera of a node.

    :ivar name: empty for the one whose topics have no name in front
    :ivar about: begins each line of the log that is about it
    :ivar images: what comes from it
    :ivar overlay: publishes its images with the results drawn on them
    :ivar statistics: of its images

    :param node: looks at it
    :param feeds: of the process
    :param parameters: of the node
    :param slots: get its newest image
    """

    def __init__(
        self,
        name: str,
        node: LifecycleNode,
        feeds: SharedImageSubscriptions,
        parameters: CameraParameters,
        slots: LatestSlots[Camera, ReceivedImage],
    ) -> None:
        self.name = name
        self.about = f'{name}: ' if name else ''
        self.images = ImageInput(
            node,
            feeds,
            name=self.input('image'),
            transport=parameters.image_transport,
            reliability=parameters.image_reliability,
            on_frame=lambda frame: slots.put(self, frame),
        )
        self.overlay = node.create_lifecycle_publisher(Image, self.output('overlay'), OVERLAY_QOS)
        self.statistics = FrameStatistics()
        self._health = CameraHealth(self.images, lambda: slots.dropped(self), self.statistics)
        self._complaints = LogThrottle(node.get_logger(), self.about)

    def input(self, topic: str) -> str:
        """Name a topic that comes from the camera, before remapping."""
        return f'{self.name}/{topic}' if self.name else topic

    def output(self, topic: str) -> str:
        """Name a topic of results, before remapping."""
        return f'~/{self.input(topic)}'

    def examine(
        self, obstacle: tuple[str, str], concern: str
    ) -> tuple[str, str, dict[str, object]]:
        """Judge how its images fare, see :meth:`CameraHealth.examine`, and log what lasts."""
        level, sentence, values = self._health.examine(obstacle, concern)
        self._complaints.hear(level, sentence)
        return level, sentence, values


@dataclass(frozen=True)
class View:
    """
    An image that a node looks at.

    :param camera: took it
    :param image_bgr: uint8, ``(H, W, 3)``, blue first; read-only
    :param header: as it came
    :param stamp_s: when it was taken; 0 where the header does not say
    :param when_s: when it was taken, or else came
    """

    camera: Camera
    image_bgr: np.ndarray
    header: Header
    stamp_s: float
    when_s: float
