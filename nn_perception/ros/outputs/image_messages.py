"""Images and calibrations as the messages that a camera driver publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

# OpenCV's conversion from BGR to each encoding that can be published; None needs no conversion.
_FROM_BGR = {
    'bgr8': None,
    'rgb8': cv2.COLOR_BGR2RGB,
    'mono8': cv2.COLOR_BGR2GRAY,
    'bgra8': cv2.COLOR_BGR2BGRA,
    'rgba8': cv2.COLOR_BGR2RGBA,
}
PUBLISHED_ENCODINGS = tuple(_FROM_BGR)

MAX_JPEG_SIDE_PX = 65500


def image_message(image_bgr: NDArray[np.uint8], header: Header, encoding: str = 'bgr8') -> Image:
    """
    Build a raw image message; the pixels are copied.

    :param image_bgr: uint8 BGR, shape ``(H, W, 3)``
    :param header: header of the message
    :param encoding: one of :data:`PUBLISHED_ENCODINGS`
    """
    code = _FROM_BGR[encoding]
    pixels = image_bgr if code is None else cv2.cvtColor(image_bgr, code)
    msg = Image(header=header, encoding=encoding)
    msg.height, msg.width = pixels.shape[:2]
    msg.step = pixels[0].nbytes
    # An assignment to `data` would check every byte, or copy twice.
    msg.data.frombytes(np.ascontiguousarray(pixels).data)
    return msg


def compressed_image_message(
    image_bgr: NDArray[np.uint8], header: Header, jpeg_quality: int
) -> CompressedImage:
    """
    Build a JPEG image message.

    :param image_bgr: uint8 BGR, shape ``(H, W, 3)``
    :param header: header of the message
    :param jpeg_quality: 1 to 100
    :raises ValueError: if the image is larger than a JPEG can be
    """
    height, width = image_bgr.shape[:2]
    if max(height, width) > MAX_JPEG_SIDE_PX:
        raise ValueError(
            f'a JPEG has at most {MAX_JPEG_SIDE_PX} pixels a side, got {width} x {height}'
        )
    _, buffer = cv2.imencode('.jpg', image_bgr, (cv2.IMWRITE_JPEG_QUALITY, jpeg_quality))
    msg = CompressedImage(header=header, format='bgr8; jpeg compressed bgr8')
    msg.data.frombytes(buffer.data)
    return msg


def camera_info_message(header: Header, calibration: Mapping[str, Any]) -> CameraInfo:
    """
    Build a CameraInfo.

    :param header: header of the message
    :param calibration: ``width``, ``height``, ``distortion_model``, ``d``, ``k``, ``r`` and ``p``
        as in the message; an uncalibrated camera has ``k[0] == 0``
    """
    return CameraInfo(header=header, **calibration)
