"""Read the digits of very large images at a smaller size, whose memory is bounded."""

from __future__ import annotations

from dataclasses import replace
import math

import cv2
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.results import Box, DigitReading
import numpy as np

# The detector takes 50 bytes a pixel: for 50 megapixels it would be 2.8 GB and ten seconds. A page
# at 400 dots per inch has 15 megapixels.
MAX_READ_PIXELS = 16_000_000


def shrink_large(image_bgr: Image) -> tuple[Image, float]:
    """
    Shrink an image that is too large to be read at its own size.

    :param image_bgr: uint8, ``(H, W, 3)``
    :returns: an image of at most 16 megapixels, and its scale; the same image and 1 if it is not
        larger
    """
    height, width = image_bgr.shape[:2]
    if height * width <= MAX_READ_PIXELS:
        return image_bgr, 1.0
    scale = math.sqrt(MAX_READ_PIXELS / (height * width))
    size = max(1, int(width * scale)), max(1, int(height * scale))
    shrunk = cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.uint8), scale


def enlarge_boxes(reading: DigitReading, scale: float) -> DigitReading:
    """
    Map the boxes of a shrunk image to the image itself.

    :param reading: of the shrunk image
    :param scale: of the shrunk image
    """
    if scale == 1.0:
        return reading
    rows = tuple(
        tuple(replace(digit, bbox=Box(*(side / scale for side in digit.bbox))) for digit in row)
        for row in reading.rows
    )
    return replace(reading, rows=rows)
