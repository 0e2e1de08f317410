"""Depth images next to the camera's images, and the positions of joints that follow from them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
import threading
from typing import Any

from nn_perception.capabilities.poses.depth import keypoint_positions
from nn_perception.core.frame import Frame
from nn_perception.core.imaging.camera_model import CameraModel
from nn_perception.core.quoting import quoted
from nn_perception.core.results import Person
from nn_perception.ros.inputs.graph import publishers_on
from nn_perception.ros.inputs.image_decoding import to_depth
from nn_perception.ros.inputs.image_input import ImageInput, ImageTopic
from nn_perception.ros.inputs.image_topics import depth_info_topic
from nn_perception.ros.inputs.publisher_changes import DurabilityChoice, WantedQos
from nn_perception.ros.inputs.shared_image_subscription import (
    ReceivedImage,
    SharedImageSubscriptions,
    stamp_seconds,
)
from nn_perception.ros.outputs.qos import camera_info_qos
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo

# So many depth images wait for the camera's image with their stamp.
MAX_WAITING = 8


class DepthError(ValueError):
    """Why joints have no positions, in one sentence."""


class DepthInput:
    """
    Receive ``depth`` and ``depth/camera_info``, and locate joints in space.

    The depth images must be aligned with the camera's images: same size, frame and viewpoint.

    :param node: node that receives
    :param subscriptions: of the process
    :param name: topic of the depth images, before remapping
    :param wanted: what the parameters want of the subscription to them
    """

    def __init__(
        self, node: Node, subscriptions: SharedImageSubscriptions, name: str, wanted: WantedQos
    ) -> None:
        self._node = node
        self._info_topic = depth_info_topic(node, name)
        topic = ImageTopic(name, 'raw', wanted)
        self._images = ImageInput(node, subscriptions, topic, self._on_depth)
        self._info_subscription: Subscription | None = None
        self._info_durability = DurabilityChoice(wanted.durability)
        self._subscribed_durability = DurabilityPolicy.VOLATILE
        self._lock = threading.Lock()
        self._waiting: deque[ReceivedImage] = deque(maxlen=MAX_WAITING)
        self._info: CameraInfo | None = None
        self._problem = ''
        self._failed = 0
        self._reported = 0

    @property
    def topic(self) -> str:
        """Topic of the depth images, after remapping."""
        return self._images.topic

    @property
    def info_topic(self) -> str:
        """Topic of their calibration, after remapping."""
        return str(self._node.resolve_topic_name(self._info_topic))

    def camera(self, size: tuple[int, int]) -> CameraModel:
        """
        Give the camera of images of a size; without a usable calibration, a typical camera.

        :param size: width and height of the images
        """
        try:
            return self._calibrated_camera(size)
        except DepthError:
            return CameraModel.assumed(*size)

    def open(self) -> None:
        """Subscribe; does nothing if it is open."""
        self._images.open()
        if self._info_subscription is None:
            self._subscribe_to_info(self._matching_info_durability())

    def close(self) -> None:
        """Unsubscribe, and drop what was received."""
        self._images.close()
        self._unsubscribe_from_info()
        with self._lock:
            self._waiting.clear()
            self._info = None

    def refresh(self) -> None:
        """Adapt to the publishers' reliability and durability."""
        self._images.refresh()
        durability = self._matching_info_durability()
        if self._info_subscription is not None and durability != self._subscribed_durability:
            self._unsubscribe_from_info()
            self._subscribe_to_info(durability)

    def _matching_info_durability(self) -> DurabilityPolicy:
        publishers = publishers_on(self._node, self.info_topic)
        return self._info_durability.choose({one.qos_profile.durability for one in publishers})

    def _subscribe_to_info(self, durability: DurabilityPolicy) -> None:
        self._subscribed_durability = durability
        self._info_subscription = self._node.create_subscription(
            CameraInfo, self._info_topic, self._on_info, camera_info_qos(durability)
        )

    def _unsubscribe_from_info(self) -> None:
        if self._info_subscription is not None:
            self._node.destroy_subscription(self._info_subscription)
            self._info_subscription = None

    def positions(
        self, people: Sequence[Person], frame: Frame, tolerance_s: float
    ) -> list[NDArray[np.float64]] | None:
        """
        Locate people's joints in space; never raises.

        :param people: in pixels of the frame
        :param frame: image of the camera, with its header
        :param tolerance_s: largest difference between the stamps of image and depth
        :returns: positions of each person's joints in metres in the header's frame, ``(17, 3)``,
            NaN where unknown; None without usable depth: :meth:`warning` says why
        """
        with self._lock:
            waiting = list(self._waiting)
        if not waiting:
            return None
        try:
            depth, unit_m = _aligned_depth(waiting, frame, tolerance_s)
            camera = self._calibrated_camera(frame.size)
        except ValueError as error:
            with self._lock:
                self._failed += 1
                self._problem = str(error)
            return None
        with self._lock:
            self._problem = ''
        return [keypoint_positions(person, depth, unit_m, camera) for person in people]

    def state(self) -> str:
        """Say whether depth was used for the newest image, and if not, why."""
        with self._lock:
            received, problem = bool(self._waiting), self._problem
        if not received:
            return f'none on {self.topic}'
        return f'not used: {problem}' if problem else 'used'

    def warning(self) -> str:
        """Say why depth could not be used since the previous call; empty if nothing is wrong."""
        with self._lock:
            failed, self._reported = self._failed - self._reported, self._failed
            return f'people have no positions: {self._problem}' if failed and self._problem else ''

    def _on_depth(self, image: ReceivedImage) -> None:
        with self._lock:
            self._waiting.append(image)

    def _on_info(self, msg: CameraInfo) -> None:
        with self._lock:
            self._info = msg

    def _calibrated_camera(self, size: tuple[int, int]) -> CameraModel:
        with self._lock:
            info = self._info
        if info is None:
            raise DepthError(f'depth arrives, but no camera_info on {self.info_topic}')
        if (info.width, info.height) not in (size, (0, 0)):
            raise DepthError(
                f'the camera_info on {self.info_topic} is for {info.width} x {info.height} '
                f'pixels, but the image has {size[0]} x {size[1]}'
            )
        try:
            return CameraModel.from_calibration(*size, info.k, info.d, info.distortion_model)
        except ValueError as error:
            raise DepthError(f'the camera_info on {self.info_topic}: {error}') from error


def _aligned_depth(
    images: Sequence[ReceivedImage], frame: Frame, tolerance_s: float
) -> tuple[NDArray[Any], float]:
    """Choose the depth image that belongs to a frame, check that it is aligned, and decode it."""
    stamp_s, size = stamp_seconds(frame.header.stamp), frame.size
    nearest = min(images, key=lambda image: abs(image.stamp_s - stamp_s))
    apart_s = abs(nearest.stamp_s - stamp_s)
    if apart_s > tolerance_s:
        raise DepthError(
            f'no depth within {tolerance_s:g} s of the image: the nearest is {apart_s:.3f} s away'
        )
    msg = nearest.message
    if (msg.width, msg.height) != size:
        raise DepthError(
            f'the depth is not aligned: it has {msg.width} x {msg.height} pixels, but the image '
            f'has {size[0]} x {size[1]}'
        )
    if msg.header.frame_id != frame.frame_id:
        raise DepthError(
            f'the depth is not aligned: its frame_id is {quoted(msg.header.frame_id)}, but the '
            f"image's is {quoted(frame.frame_id)}"
        )
    return to_depth(msg)
