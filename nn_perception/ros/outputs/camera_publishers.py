"""The publishers of a camera driver: raw and compressed images, and the calibration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nn_perception.core.imaging.camera_calibration import uncalibrated
from nn_perception.ros.inputs.image_topics import camera_info_topic, compressed_topic
from nn_perception.ros.outputs.image_messages import (
    camera_info_message,
    compressed_image_message,
    image_message,
)
from nn_perception.ros.outputs.qos import image_qos
import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

CALIBRATION_WARNING_PERIOD_S = 60.0


class CameraPublishers:
    """
    Publish images as a camera driver does.

    :param node: node that publishes
    :param reliability: that the publishers offer
    :param calibration: fields of sensor_msgs/CameraInfo; None if the camera is not calibrated
    """

    def __init__(
        self, node: Node, reliability: ReliabilityPolicy, calibration: Mapping[str, Any] | None
    ) -> None:
        self._logger = node.get_logger()
        self._calibration = calibration
        qos = image_qos(reliability)
        self._image = node.create_publisher(Image, 'image', qos)
        self._compressed = node.create_publisher(CompressedImage, compressed_topic(node), qos)
        self._camera_info = node.create_publisher(CameraInfo, camera_info_topic(node), qos)

    @property
    def subscribers(self) -> int:
        """Number of subscribers to the images."""
        return int(self._image.get_subscription_count()) + int(
            self._compressed.get_subscription_count()
        )

    def publish(
        self, image_bgr: NDArray[np.uint8], header: Header, encoding: str, jpeg_quality: int
    ) -> None:
        """
        Publish an image with its calibration; only what has subscribers is encoded.

        :param image_bgr: uint8, ``(H, W, 3)``
        :param header: header of all messages
        :param encoding: of the raw image
        :param jpeg_quality: 1 to 100
        :raises ValueError: if the image is larger than a JPEG can be
        """
        self._camera_info.publish(camera_info_message(header, self._calibration_of(image_bgr)))
        if self._image.get_subscription_count():
            self._image.publish(image_message(image_bgr, header, encoding))
        if self._compressed.get_subscription_count():
            self._compressed.publish(compressed_image_message(image_bgr, header, jpeg_quality))

    def wait_for_all_acked(self, timeout_s: float) -> None:
        """Wait until reliable subscribers have received all images, but not long."""
        for publisher in (self._image, self._compressed):
            publisher.wait_for_all_acked(Duration(seconds=timeout_s))

    def _calibration_of(self, image: NDArray[np.uint8]) -> Mapping[str, Any]:
        height, width = image.shape[:2]
        calibration = self._calibration
        if calibration is None:
            return uncalibrated(width, height)
        if (calibration['width'], calibration['height']) != (width, height):
            self._logger.warning(
                f'the calibration is for {calibration["width"]} x {calibration["height"]} pixels, '
                f'but the frame has {width} x {height}: CameraInfo is uncalibrated',
                throttle_duration_sec=CALIBRATION_WARNING_PERIOD_S,
            )
            return uncalibrated(width, height)
        return calibration
