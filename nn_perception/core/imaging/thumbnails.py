"""Reduce stored pictures for people who look through many of them."""

from __future__ import annotations

import os

import cv2
from nn_perception.core.imaging.formats.sniffing import read_container
from nn_perception.core.imaging.formats.stored_image import read_stored_image
from nn_perception.core.imaging.image_decoding import decode_image

JPEG_QUALITY = 85
JPEG = 'jpeg'


def read_picture(path: str | os.PathLike[str], max_size_px: int = 0) -> tuple[bytes, str]:
    """
    Read the file of a picture, reduced if it is large.

    :param max_size_px: maximum width and height; a larger picture is reduced, and becomes JPEG.
        0: as it is stored
    :returns: the encoded picture, and its format: ``'jpeg'``, ``'png'`` and so on
    :raises OSError: if the file cannot be read
    :raises ValueError: if it is no complete picture, or too large
    """
    try:
        stored = read_stored_image(path)
        container = read_container(memoryview(stored))
        if not max_size_px or max(container.width, container.height) <= max_size_px:
            return stored, container.kind.lower()
        return _reduced(stored, max_size_px), JPEG
    except ValueError as error:
        raise ValueError(f'{os.fspath(path)} {error}') from error


def _reduced(stored: bytes, max_size_px: int) -> bytes:
    image = decode_image(stored, upright=True)
    factor = max_size_px / max(image.shape[:2])
    height, width = (max(1, round(side * factor)) for side in image.shape[:2])
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    ok, jpeg = cv2.imencode('.jpg', small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not ok:
        raise ValueError('cannot be encoded as JPEG')
    return bytes(jpeg)
