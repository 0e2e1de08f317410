"""The images of a recorded bag, without ROS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import sqlite3
import struct
from typing import Any, TYPE_CHECKING

from nn_perception.vision.images import decode_image, Image, MAX_PIXELS
import numpy as np

if TYPE_CHECKING:
    from rosbags.highlevel import AnyReader

IMAGE_TYPES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
# Encodings of 8 bit values -> how many a pixel has.
CHANNELS = {
    'mono8': 1,
    **{f'bayer_{pattern}8': 1 for pattern in ('rggb', 'bggr', 'gbrg', 'grbg')},
    **dict.fromkeys(('yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv'), 2),
    **dict.fromkeys(('bgr8', 'rgb8'), 3),
    **dict.fromkeys(('bgra8', 'rgba8'), 4),
}


@dataclass(frozen=True)
class BagImage:
    """
    An image message of a bag.

    :param image_bgr: uint8, ``(H, W, 3)``; None if it cannot be used
    :param stamp_ns: when it was taken, or recorded where the header does not say
    :param topic: where it was published
    :param problem: why it cannot be used, empty if it can
    """

    image_bgr: Image | None
    stamp_ns: int
    topic: str
    problem: str = ''


def read_bag(bag: Path, topic: str = '') -> Iterator[BagImage]:
    """
    Read the images of a bag in the order in which they were recorded.

    :param bag: folder of a ROS 2 bag (sqlite3 or MCAP), or a file of a ROS 1 bag
    :param topic: of raw or compressed images; may be empty if there is only one
    :raises ImportError: if the package rosbags is not installed
    :raises OSError: if the bag cannot be read
    :raises ValueError: if it is no bag, is damaged, or has no such topic
    """
    try:
        from rosbags.highlevel import AnyReader, AnyReaderError
        from rosbags.rosbag2 import ReaderError
        from rosbags.typesys import get_typestore, Stores
    except ImportError as error:
        raise ImportError('to read a bag the Python package rosbags is needed') from error

    if not bag.exists():
        raise FileNotFoundError(f'there is no bag {bag}')
    try:
        # Bags of Humble do not say how their messages are laid out.
        with AnyReader([bag], default_typestore=get_typestore(Stores.LATEST)) as reader:
            yield from _read_topic(reader, _choose_topic(reader, topic))
    except (AnyReaderError, ReaderError, struct.error, _database_error()) as error:
        raise ValueError(f'{bag} cannot be read as a bag: {error}') from error


def _database_error() -> type[Exception]:
    """Name what a damaged sqlite3 bag raises, which depends on the version of rosbags."""
    try:
        from apsw import Error
    except ImportError:
        return sqlite3.Error
    return Error


def _choose_topic(reader: AnyReader, topic: str) -> str:
    images = sorted({c.topic for c in reader.connections if c.msgtype in IMAGE_TYPES})
    if topic in images:
        return topic
    if len(images) == 1 and not topic:
        return images[0]
    wanted = f'no images on {topic}' if topic else 'not one topic of images'
    raise ValueError(f'the bag has {wanted}; it has images on: {", ".join(images) or "none"}')


def _read_topic(reader: AnyReader, topic: str) -> Iterator[BagImage]:
    connections = [c for c in reader.connections if c.topic == topic]
    for connection, recorded_ns, content in reader.messages(connections):
        message: Any = reader.deserialize(content, connection.msgtype)
        stamp = message.header.stamp
        stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec or recorded_ns
        try:
            yield BagImage(_to_bgr(message), stamp_ns, topic)
        except ValueError as error:
            yield BagImage(None, stamp_ns, topic, str(error))


def _to_bgr(message: Any) -> Image:
    """
    Read the picture of a raw or compressed image message.

    :raises ValueError: if it is damaged or its encoding is not known
    """
    if hasattr(message, 'format'):
        try:
            return decode_image(message.data, upright=False)
        except ValueError as error:
            raise ValueError(f'the compressed image {error}') from error
    from rosbags.image import image_to_cvimage

    height, width, step = message.height, message.width, message.step
    if message.encoding not in CHANNELS:
        raise ValueError(f'the encoding {message.encoding!r} is not known')
    row_bytes = width * CHANNELS[message.encoding]
    if not 0 < height * width <= MAX_PIXELS or step < row_bytes:
        raise ValueError(f'the size is impossible: {width} x {height} with step {step}')
    if len(message.data) < height * step:
        raise ValueError(f'the data is truncated: {len(message.data)} of {height * step} bytes')
    rows = np.asarray(message.data, np.uint8)[: height * step].reshape(height, step)
    # The converter knows nothing of bytes behind the end of a row.
    message.data = np.ascontiguousarray(rows[:, :row_bytes]).reshape(-1)
    return np.asarray(image_to_cvimage(message, 'bgr8'), np.uint8)
