"""Text on images: characters that OpenCV can draw, and images that are large enough for it."""

from __future__ import annotations

import unicodedata

import cv2
from nn_perception.core.imaging.preprocessing import Image
import numpy as np

FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_PX = 22.0  # height of a capital letter at scale 1
WHITE = (255, 255, 255)
MIN_TEXT_PX = 7
MIN_SIDE_PX = 64
MAX_SIDE_PX = 16384


def ascii_text(label: str) -> str:
    """
    Convert a label to the characters that OpenCV can draw.

    Removes accents; other characters outside ASCII become question marks.
    """
    plain = unicodedata.normalize('NFKD', label)
    kept = ''.join(char for char in plain if not unicodedata.combining(char))
    return ''.join(char if ' ' <= char <= '~' else '?' for char in kept)


def enlarged_copy(image_bgr: Image) -> Image:
    """
    Copy an image, enlarged so that both sides have the minimum length for text.

    Very long sides are shortened: a strip of one by millions of pixels would fill the memory if
    it was enlarged as a whole.

    :param image_bgr: uint8, ``(H, W, 3)``
    :returns: uint8, of the same size if both sides have 64 pixels
    """
    height, width = image_bgr.shape[:2]
    if min(height, width) >= MIN_SIDE_PX:
        return np.array(image_bgr, order='C')
    width, height = (min(max(side, MIN_SIDE_PX), MAX_SIDE_PX) for side in (width, height))
    return np.asarray(
        cv2.resize(image_bgr, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8
    )
