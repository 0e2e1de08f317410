"""
From the messages of subscriptions to pictures.

What the encodings mean is in :mod:`nn_perception.core.imaging.encodings`; here the converter is chosen
that it uses: ``cv_bridge`` of a ROS installation, or ``rosbags-image``.
"""

from __future__ import annotations

from contextlib import suppress

from nn_perception.core.imaging import encodings
from nn_perception.core.imaging.encodings import Converter, ENCODINGS
import numpy as np
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


def to_bgr(msg: Image) -> np.ndarray:
    """
    Read the picture of a raw image message.

    :returns: uint8 BGR, shape ``(height, width, 3)``; for ``bgr8`` and ``8UC3`` a
        read-only view of the message's buffer, which must outlive it
    :raises ValueError: if the message contradicts itself or its encoding is not known
    """
    return encodings.to_bgr(msg, _packed_to_bgr)


def compressed_to_bgr(msg: CompressedImage) -> np.ndarray:
    """
    Decode the picture of a compressed image message, pixels as they are stored.

    :returns: uint8 BGR, shape ``(height, width, 3)``
    :raises ValueError: if it is no JPEG or PNG, is damaged, or holds depth
    """
    return encodings.compressed_to_bgr(msg)


def to_depth(msg: Image) -> tuple[np.ndarray, float]:
    """
    Read the distances of a depth image message.

    :returns: uint16 or float32, ``(height, width)``, where they are in this machine's byte order
        a view of the message's buffer; and the metres that a value of 1 means
    :raises ValueError: if the message contradicts itself or is no depth image
    """
    return encodings.to_depth(msg)


def _cv_bridge() -> Converter:
    from cv_bridge import CvBridge

    # The package hides it when this fails to load, and the first picture would raise.
    from cv_bridge.boost import cv_bridge_boost  # noqa: F401

    bridge = CvBridge()
    return lambda message: bridge.imgmsg_to_cv2(message, 'bgr8')


CONVERTER_LOADERS = {'cv_bridge': _cv_bridge, 'rosbags-image': encodings.rosbags_image}


def load_converter() -> Converter:
    """
    Load what brings packed 8 bit pixels to BGR: cv_bridge if it works, else rosbags-image.

    A cv_bridge built against numpy 1 may load under numpy 2 and crash on the first
    picture, so there it is only what remains.

    :raises ImportError: if there is neither
    """
    names = ['cv_bridge', 'rosbags-image']
    if not np.__version__.startswith('1.'):
        names.reverse()
    for name in names:
        # Another numpy's ABI shows as any of these.
        with suppress(ImportError, AttributeError, SystemError):
            return CONVERTER_LOADERS[name]()
    raise ImportError(
        'images cannot be converted: install cv_bridge from ROS, or rosbags-image with pip'
    )


_packed_to_bgr = load_converter()
