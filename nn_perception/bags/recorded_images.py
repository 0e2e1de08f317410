"""The images of bags as pictures, and the calibrations beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import sqlite3
import struct
from typing import Any

import cv2
from nn_perception.bags.storage.connection import CDR, Connection, Message, ROS1
from nn_perception.bags.storage.files import BagError
from nn_perception.core.frame import Frame
from nn_perception.core.imaging import encodings
from nn_perception.core.quoting import shown

RAW = 'sensor_msgs/msg/Image'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'
# Types of other packages that hold pictures, by the ends of their names.
OTHER_IMAGES = ('image', 'video', 'ffmpegpacket', 'theora_image_transport/msg/packet')


@dataclass(frozen=True)
class RecordedFrame(Frame):
    """
    An image of a bag with its header's facts; ``source`` is its topic.

    :param stamp: seconds and nanoseconds of the header; zeros if unset
    :param recorded_ns: when it was recorded
    """

    stamp: tuple[int, int] = (0, 0)
    recorded_ns: int = 0

    @property
    def stamp_ns(self) -> int:
        """When it was captured, or recorded if the header does not say."""
        return self.stamp[0] * 1_000_000_000 + self.stamp[1] or self.recorded_ns


class ImageDecoder:
    """
    Decodes the messages of cameras.

    :raises ImportError: if the package rosbags is not installed
    """

    def __init__(self) -> None:
        try:
            import rosbags.rosbag2  # noqa: F401 - it belongs to a whole installation
            from rosbags.typesys import get_typestore, Stores
        except ImportError as error:
            raise ImportError('reading bags needs the Python package rosbags') from error
        # These messages are the same in all distributions, so the definitions in the bag, which
        # may be anything, are not needed.
        self._deserialize: dict[str, Callable[[bytes, str], Any]] = {
            CDR: get_typestore(Stores.LATEST).deserialize_cdr,
            ROS1: get_typestore(Stores.ROS1_NOETIC).deserialize_ros1,
        }
        self._convert = encodings.rosbags_image()
        self._damage = damage()

    def is_image(self, connection: Connection) -> bool:
        """Tell whether the messages of a connection are images that can be decoded."""
        return connection.ros_type in (RAW, COMPRESSED) and self._is_ros(connection)

    def is_calibration(self, connection: Connection) -> bool:
        """Tell whether the messages of a connection are calibrations."""
        return connection.ros_type == CAMERA_INFO and self._is_ros(connection)

    def is_other_image(self, connection: Connection) -> bool:
        """Tell whether the messages of a connection are pictures that cannot be decoded."""
        is_picture = connection.msgtype.lower().endswith(OTHER_IMAGES)
        return is_picture and not self.is_image(connection)

    def frame(self, message: Message) -> RecordedFrame:
        """
        Decode an image message.

        :raises ValueError: if it is damaged, or its encoding is unknown
        """
        connection, recorded_ns, content = message
        if not self.is_image(connection):
            kind = f'{shown(connection.msgtype)} ({shown(connection.encoding)})'
            raise ValueError(f'{kind} is not an image')
        try:
            msg: Any = self._deserialize[connection.encoding](content, connection.ros_type)
            stamp, frame_id = msg.header.stamp, msg.header.frame_id
        except self._damage as error:
            raise ValueError(f'damaged: {error}') from error
        try:
            if connection.ros_type == RAW:
                image = encodings.to_bgr(msg, self._convert)
            else:
                image = encodings.compressed_to_bgr(msg)
        except cv2.error as error:
            raise ValueError(str(error)) from error
        return RecordedFrame(
            image,
            source=connection.topic,
            stamp_s=stamp.sec + stamp.nanosec * 1e-9 or recorded_ns * 1e-9,
            frame_id=frame_id,
            stamp=(stamp.sec, stamp.nanosec),
            recorded_ns=recorded_ns,
        )

    def calibration(self, message: Message) -> dict[str, Any]:
        """
        Read a CameraInfo message.

        :returns: as of :func:`nn_perception.core.imaging.camera_calibration.read_calibration`
        """
        connection, _, content = message
        msg = self._deserialize[connection.encoding](content, CAMERA_INFO)
        # In ROS 1 the names of the matrices are capitals.
        fields = {name.lower(): value for name, value in vars(msg).items()}
        known = {name: fields[name] for name in ('width', 'height', 'distortion_model')}
        return {**known, **{name: fields[name].tolist() for name in ('d', 'k', 'r', 'p')}}

    def _is_ros(self, connection: Connection) -> bool:
        return connection.encoding in self._deserialize


def own_errors() -> tuple[type[Exception], ...]:
    """Return the errors that come with a sentence."""
    from rosbags.rosbag1 import ReaderError
    from rosbags.serde import SerdeError
    from rosbags.typesys import TypesysError

    return (BagError, ReaderError, SerdeError, TypesysError)


def damage() -> tuple[type[Exception], ...]:
    """Return all errors that damaged bytes cause."""
    # The checks of rosbags are not complete: the other errors come from the parsers that it uses.
    parsers = (struct.error, ValueError, TypeError, LookupError, ArithmeticError, AssertionError)
    others = (EOFError, RuntimeError, MemoryError, AttributeError, sqlite3.Error)
    return (*own_errors(), *parsers, *others)
