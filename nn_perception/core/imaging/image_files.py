"""Read image files, and encode images as PNG."""

from __future__ import annotations

import os

import cv2
from nn_perception.core.imaging.formats.container import MAX_PIXELS
from nn_perception.core.imaging.formats.stored_image import read_stored_image
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.preprocessing import check_image, Image


def read_image(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> Image:
    """
    Read an image file the way an image viewer shows it.

    The image is rotated as its EXIF data says. Grey becomes three equal channels, more than 8 bits
    are scaled (:mod:`nn_perception.core.imaging.bit_depth`), transparency is blended with white,
    and an animation gives its first image.

    :param path: of a JPEG, PNG, WebP, TIFF, BMP, GIF, PNM or PFM
    :param max_pixels: width times height of the largest image that is decoded
    :returns: uint8, ``(H, W, 3)``, blue first
    :raises OSError: if the file cannot be read
    :raises ValueError: if it is no complete image of these formats, or too large
    """
    try:
        return decode_image(
            read_stored_image(path, max_pixels), upright=True, max_pixels=max_pixels
        )
    except ValueError as error:
        raise ValueError(f'{os.fspath(path)} {error}') from error


def encode_png(image_bgr: Image) -> bytes:
    """
    Encode an image as PNG.

    :param image_bgr: uint8, ``(H, W, 3)``
    :raises ValueError: if it has another shape or type, or cannot be encoded
    """
    check_image(image_bgr)
    ok, png = cv2.imencode('.png', image_bgr)
    if not ok:
        raise ValueError('the image cannot be encoded as PNG')
    return bytes(png)
