"""Drawings of the pad: decoding, and the ways to show them."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.single.pen_drawing import Drawing, ink_mask
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.preprocessing import Image
import numpy as np

MAX_SIDE_PX = 1024
MAX_BYTES = 1024 * 1024


def decode_drawing(body: bytes) -> Drawing:
    """
    Decode a picture, light ink on black.

    :raises ValueError: if it is no picture, or larger than 1024 x 1024 pixels
    """
    try:
        image = decode_image(body, upright=False, max_pixels=MAX_SIDE_PX * MAX_SIDE_PX)
    except ValueError as error:
        raise ValueError(f'The drawing {error}.') from error
    _check_size(*image.shape[1::-1])
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def unpack_drawing(body: bytes, width: int, height: int) -> Drawing:
    """
    Unpack the pixels of a drawing, one byte each, row by row.

    :raises ValueError: if the size is out of range, or does not fit the number of bytes
    """
    _check_size(width, height)
    if len(body) != width * height:
        raise ValueError(
            f'A drawing of {width} x {height} pixels has {width * height} bytes, '
            f'but {len(body)} came.'
        )
    return np.frombuffer(body, np.uint8).reshape(height, width)


def count_parts(drawing: Drawing) -> int:
    """Count the pieces of ink that do not touch each other."""
    return int(cv2.connectedComponents(ink_mask(drawing), connectivity=8)[0]) - 1


def to_page(drawing: Drawing) -> Image:
    """
    Show a drawing as dark ink on white paper, as the digit reader expects it.

    :returns: uint8, ``(H, W, 3)``
    """
    return np.asarray(cv2.cvtColor(~drawing, cv2.COLOR_GRAY2BGR), np.uint8)


def _check_size(width: int, height: int) -> None:
    if not (1 <= width <= MAX_SIDE_PX and 1 <= height <= MAX_SIDE_PX):
        raise ValueError(
            f'A drawing has at most {MAX_SIDE_PX} x {MAX_SIDE_PX} pixels, '
            f'this one is {width} x {height}.'
        )
