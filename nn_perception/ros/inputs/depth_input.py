"""Depth images beside the camera's, and what they say of where joints are."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
import threading

from nn_perception.capabilities.poses.depth import joint_positions
from nn_perception.core.imaging.camera_model import CameraModel
from nn_perception.core.results import Person
from nn_perception.ros.inputs.image_decoding import to_depth
from nn_perception.ros.inputs.image_input import ImageInput
from nn_perception.ros.inputs.image_topics import depth_info_topic
from nn_perception.ros.inputs.shared_image_subscription import (
    ReceivedImage,
    SharedImageSubscriptions,
)
from nn_perception.ros.outputs import conversions
import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

# Depth images that are kept until their picture has been looked at.
KEPT = 8


class DepthError(ValueError):
    """Why there are no positions, in one sentence."""


class DepthInput:
    """
    Subscribe to ``depth`` and ``depth/camera_info``, and place joints in space.

    The images must be aligned: of the size, the frame and the place of the camera's.

    :param node: listens
    :param feeds: of the process
    :param name: of the topic of the depth images, before remapping
    :param reliability: of the subscription of the images, see :class:`ImageInput`
    """

    def __init__(
        self, node: Node, feeds: SharedImageSubscriptions, *, name: str = 'depth', reliability: str
    ) -> None:
        self._node = node
        self._info_topic = depth_info_topic(node, name)
        self._images = ImageInput(
            node,
            feeds,
            name=name,
            transport='raw',
            reliability=reliability,
            on_frame=self._on_depth,
        )
        self._info_subscription: Subscription | None = None
        self._lock = threading.Lock()
        self._kept: deque[Image] = deque(maxlen=KEPT)
        self._info: CameraInfo | None = None
        self._problem = ''
        self._failed = 0
        self._told = 0

    @property
    def topic(self) -> str:
        """The depth images' topic, after remapping."""
        return self._images.topic

    @property
    def info_topic(self) -> str:
        """The calibration's topic, after remapping."""
        return self._node.resolve_topic_name(self._info_topic)

    def camera(self, size: tuple[int, int]) -> CameraModel:
        """Give the camera of images of a size; where it is not known, an assumed one."""
        try:
            return self._camera(size)
        except DepthError:
            return CameraModel.assumed(*size)

    def open(self) -> None:
        """Subscribe; does nothing if it is open."""
        self._images.open()
        if self._info_subscription is None:
            # Every publisher's reliability fits this.
            qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
            self._info_subscription = self._node.create_subscription(
                CameraInfo, self._info_topic, self._on_info, qos
            )

    def close(self) -> None:
        """Unsubscribe, and forget what came."""
        self._images.close()
        if self._info_subscription is not None:
            self._node.destroy_subscription(self._info_subscription)
            self._info_subscription = None
        with self._lock:
            self._kept.clear()
            self._info = None

    def refresh(self) -> None:
        """Follow the publishers' reliability."""
        self._images.refresh()

    def positions(
        self, people: Sequence[Person], size: tuple[int, int], header: Header, tolerance_s: float
    ) -> list[np.ndarray] | None:
        """
        Place people's joints in space; never raises.

        :param people: in pixels of the image
        :param size: width and height of the image
        :param header: of the image
        :param tolerance_s: how far the stamps of image and depth may be apart
        :returns: of each person, in metres in the header's frame, ``(17, 3)``, NaN where unknown;
            None without usable depth: :meth:`concern` says why
        """
        with self._lock:
            kept = list(self._kept)
        if not kept:
            return None
        try:
            depth, unit_m = self._aligned(kept, size, header, tolerance_s)
            camera = self._camera(size)
        except ValueError as error:
            with self._lock:
                self._failed += 1
                self._problem = str(error)
            return None
        with self._lock:
            self._problem = ''
        return [joint_positions(person, depth, unit_m, camera) for person in people]

    def state(self) -> str:
        """Say in plain words how it stands with the depth of the newest image."""
        with self._lock:
            came, problem = bool(self._kept), self._problem
        return (f'not used: {problem}' if problem else 'used') if came else f'none on {self.topic}'

    def concern(self) -> str:
        """Say why images since the last call have no positions although depth comes, if any."""
        with self._lock:
            untold, self._told = self._failed - self._told, self._failed
            return f'people have no positions: {self._problem}' if untold and self._problem else ''

    def _on_depth(self, frame: ReceivedImage) -> None:
        with self._lock:
            self._kept.append(frame.message)

    def _on_info(self, msg: CameraInfo) -> None:
        with self._lock:
            self._info = msg

    def _camera(self, size: tuple[int, int]) -> CameraModel:
        with self._lock:
            info = self._info
        if info is None:
            raise DepthError(f'depth comes, but no camera_info on {self.info_topic}')
        if (info.width, info.height) not in (size, (0, 0)):
            raise DepthError(
                f'the camera_info on {self.info_topic} is for {info.width} x {info.height} '
                f'pixels, the image has {size[0]} x {size[1]}'
            )
        try:
            return CameraModel.from_calibration(*size, info.k, info.d, info.distortion_model)
        except ValueError as error:
            raise DepthError(f'the camera_info on {self.info_topic}: {error}') from error

    def _aligned(
        self, kept: Sequence[Image], size: tuple[int, int], header: Header, tolerance_s: float
    ) -> tuple[np.ndarray, float]:
        """Choose the depth image that belongs to an image, and check that it fits."""
        stamp_s = conversions.stamp_seconds(header.stamp)

        def apart_s(msg: Image) -> float:
            return abs(conversions.stamp_seconds(msg.header.stamp) - stamp_s)

        nearest = min(kept, key=apart_s)
        if apart_s(nearest) > tolerance_s:
            raise DepthError(
                f'no depth within {tolerance_s:g} s of the image: the nearest is '
                f'{apart_s(nearest):.3f} s away'
            )
        if (nearest.width, nearest.height) != size:
            raise DepthError(
                f'the depth is not aligned: it has {nearest.width} x {nearest.height} pixels, '
                f'the image {size[0]} x {size[1]}'
            )
        if nearest.header.frame_id != header.frame_id:
            raise DepthError(
                f'the depth is not aligned: its frame is {nearest.header.frame_id!r}, that of '
                f'the image {header.frame_id!r}'
            )
        return to_depth(nearest)
