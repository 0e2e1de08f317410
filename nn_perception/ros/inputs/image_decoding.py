"""
Decode image messages with the best converter that is installed.

:mod:`nn_perception.core.imaging.encodings` knows the encodings. This module chooses the converter
that it uses for packed pixels: ``cv_bridge`` of a ROS installation, or ``rosbags-image``.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from nn_perception.core.imaging import encodings
from nn_perception.core.imaging.encodings import (
    compressed_to_bgr,
    Converter,
    ENCODINGS,
    PackedImage,
    Pixels,
    to_depth,
)
import numpy as np

__all__ = (
    'CONVERTER_LOADERS',
    'ENCODINGS',
    'Converter',
    'compressed_to_bgr',
    'load_converter',
    'to_bgr',
    'to_depth',
)


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


_converter = load_converter()


def _packed_to_bgr(image: PackedImage) -> Pixels:
    return _converter(image)


# Decodes sensor_msgs/Image: encodings.to_bgr with the converter that is installed.
to_bgr = partial(encodings.to_bgr, convert=_packed_to_bgr)
