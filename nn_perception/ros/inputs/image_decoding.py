"""
Decode image messages with the best converter that is installed.

:mod:`nn_perception.core.imaging.encodings` knows the encodings. This module chooses the converter
that it uses for packed pixels: ``cv_bridge`` of a ROS installation, or ``rosbags-image``.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from nn_perception.core.imaging import encodings
from nn_perception.core.imaging.encodings import Converter, ENCODINGS
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

__all__ = (
    'CONVERTER_LOADERS',
    'ENCODINGS',
    'Converter',
    'compressed_to_bgr',
    'load_converter',
    'to_bgr',
    'to_depth',
)


def to_bgr(msg: Image) -> NDArray[np.uint8]:
    """
    Decode a raw image message.

    :param msg: sensor_msgs/Image
    :returns: uint8 BGR, shape ``(height, width, 3)``; for ``bgr8`` and ``8UC3`` a read-only view
        of the message's buffer
    :raises ValueError: if the message contradicts itself or its encoding is unknown
    """
    return encodings.to_bgr(msg, _packed_to_bgr)


def compressed_to_bgr(msg: CompressedImage) -> NDArray[np.uint8]:
    """
    Decode a compressed image message; EXIF orientation is ignored.

    :param msg: sensor_msgs/CompressedImage
    :returns: uint8 BGR, shape ``(height, width, 3)``
    :raises ValueError: if it is not a JPEG or PNG, is damaged, or holds depth
    """
    return encodings.compressed_to_bgr(msg)


def to_depth(msg: Image) -> tuple[NDArray[Any], float]:
    """
    Read the distances of a depth image message.

    :param msg: sensor_msgs/Image
    :returns: uint16 or float32, ``(height, width)``, a view of the message's buffer where the
        byte order is this machine's; and the length of one unit in metres
    :raises ValueError: if the message contradicts itself or is not a depth image
    """
    return encodings.to_depth(msg)


def _cv_bridge() -> Converter:
    from cv_bridge import CvBridge

    # cv_bridge hides a failure to load this, and raises with the first image.
    from cv_bridge.boost import cv_bridge_boost  # noqa: F401

    bridge = CvBridge()
    return lambda message: bridge.imgmsg_to_cv2(message, 'bgr8')


CONVERTER_LOADERS = {'cv_bridge': _cv_bridge, 'rosbags-image': encodings.rosbags_image}


def load_converter() -> Converter:
    """
    Load the converter of packed 8 bit pixels to BGR: cv_bridge if it works, else rosbags-image.

    A cv_bridge that was built for numpy 1 may load under numpy 2 and crash with the first image,
    so it is the second choice there.

    :raises ImportError: if neither is installed
    """
    names = ['cv_bridge', 'rosbags-image']
    if not np.__version__.startswith('1.'):
        names.reverse()
    for name in names:
        # A build for another numpy raises any of these.
        with suppress(ImportError, AttributeError, SystemError):
            return CONVERTER_LOADERS[name]()
    raise ImportError(
        'images cannot be decoded: install cv_bridge from ROS, or rosbags-image with pip'
    )


_packed_to_bgr = load_converter()
