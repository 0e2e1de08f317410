"""Files of images as libraries write them, and every way in which they are read."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
from encoding_cases import Array
from image_bytes import compressed
from nn_perception.core.imaging.encodings import compressed_to_bgr
from nn_perception.core.imaging.image_files import read_image
import numpy as np
from PIL import Image as Pillow


def saved(kind: str, pixels: Array, **options: object) -> bytes:
    """Let Pillow write a file."""
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def written(suffix: str, pixels: Array) -> bytes:
    """Let OpenCV write a file."""
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return data.tobytes()


def by_both_ways(folder: Path, stored: bytes) -> Array:
    """Read a file and a message with the same bytes; both must give the same image."""
    path = folder / 'image'
    path.write_bytes(stored)
    image = read_image(path)
    assert image.dtype == np.uint8
    received = compressed_to_bgr(compressed(stored, 'tiff'))
    np.testing.assert_array_equal(received, image)
    return image
