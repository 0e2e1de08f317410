"""Small pictures of large ones."""

from __future__ import annotations

import cv2
from nn_perception.core.imaging.image_decoding import decode_image

JPEG_QUALITY = 80


def reduced(picture: bytes, max_size_px: int) -> bytes:
    """
    Reduce a picture.

    :param picture: an encoded picture
    :param max_size_px: of its longer side; a picture that is not larger stays as it is
    :returns: JPEG, or the picture itself
    :raises ValueError: if it cannot be decoded
    """
    if max_size_px < 1:
        raise ValueError(f'a picture has at least 1 pixel, got {max_size_px}')
    try:
        image = decode_image(picture, upright=False)
    except ValueError as error:
        raise ValueError(f'the picture {error}') from error
    height, width = image.shape[:2]
    factor = max_size_px / max(height, width)
    if factor >= 1.0:
        return picture
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    good, jpeg = cv2.imencode('.jpg', small, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
    if not good:
        raise ValueError('the picture cannot be encoded')
    return jpeg.tobytes()
