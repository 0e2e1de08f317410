"""Sizes of frames."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def resized(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """
    Resize an image.

    :param image: uint8, ``(H, W, 3)``
    :param width: new width in pixels; 0: original, or in proportion to the height
    :param height: new height in pixels; 0: original, or in proportion to the width
    """
    own_height, own_width = image.shape[:2]
    if not width and not height:
        return image
    width = width or max(1, math.floor(own_width * height / own_height + 0.5))
    height = height or max(1, math.floor(own_height * width / own_width + 0.5))
    shrinking = width < own_width
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)
