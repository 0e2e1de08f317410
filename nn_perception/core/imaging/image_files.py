"""
Decode image files and compressed images to uint8 BGR, with clear errors.

OpenCV silently fills the missing part of a truncated JPEG with grey, and decodes any size that a
header claims. So this module checks the headers first.
"""

from __future__ import annotations

import os
from pathlib import Path
import struct
from typing import Any

import cv2
from nn_perception.core.imaging.preprocessing import check_image, Image
import numpy as np
from numpy.typing import NDArray

MAX_PIXELS = 100_000_000
JPEG_START = b'\xff\xd8\xff'
JPEG_END = b'\xff\xd9'
PNG_START = b'\x89PNG\r\n\x1a\n'
# Start-of-frame markers: C0 to CF without the tables C4 (Huffman), C8 (reserved), CC (arithmetic).
JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_SCAN = 0xDA
PNG_COLOUR_ALPHA = {4, 6}


def read_image(path: str | os.PathLike[str]) -> Image:
    """
    Read an image file the way an image viewer shows it.

    The image is rotated as its EXIF data says. Grey becomes three equal channels, 16-bit values
    keep their upper 8 bits, transparency is blended with white, and an animation gives its first
    image. OpenCV reads JPEG and PNG, Pillow everything else (BMP, WebP, TIFF, GIF, PNM).

    :returns: uint8, ``(H, W, 3)``, blue first
    :raises OSError: if the file cannot be read
    :raises ValueError: if it is not a complete image of at most 100 megapixels
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f'{path} is a folder; name the files in it, as in {path}/*.jpg')
    try:
        stored = path.read_bytes()
    except OSError as error:
        raise type(error)(f'{path} cannot be read: {error.strerror}') from error
    try:
        if stored.startswith((JPEG_START, PNG_START)):
            return decode_image(stored, upright=True)
        return _decode_with_pillow(stored)
    except ValueError as error:
        raise ValueError(f'{path} {error}') from error


def decode_image(data: Any, *, upright: bool) -> Image:
    """
    Decode a JPEG or PNG.

    :param data: the compressed image, any bytes-like object
    :param upright: rotate the image as its EXIF data says and blend transparency with white;
        otherwise the pixels are returned as stored, without transparency
    :returns: uint8, ``(H, W, 3)``, blue first; grey and 16-bit images are converted
    :raises ValueError: if it is not a complete JPEG or PNG of at most 100 megapixels; the message
        has no subject, so that the caller can prepend the name of the file
    """
    stored = bytes(data)
    if not stored:
        raise ValueError('is empty')
    if stored.startswith(JPEG_START):
        width, height, has_alpha = *_jpeg_size(stored), False
    elif stored.startswith(PNG_START):
        width, height, has_alpha = _png_size(stored)
    else:
        raise ValueError(f'is neither JPEG nor PNG (it starts with {stored[:8].hex(" ")})')
    _check_size(width, height)
    flags = cv2.IMREAD_COLOR
    if not upright:
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    elif has_alpha:
        flags = cv2.IMREAD_UNCHANGED
    try:
        image = cv2.imdecode(np.frombuffer(stored, np.uint8), flags)
    except cv2.error as error:
        raise ValueError(f'is damaged: {error.err}') from error
    if image is None or image.size == 0:
        raise ValueError('is damaged and cannot be decoded')
    if image.ndim == 3 and image.shape[2] == 4:
        return _blend_with_white(_to_8_bits(image))
    return np.asarray(image, np.uint8)


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise ValueError(f'has no pixels ({width} x {height})')
    if width * height > MAX_PIXELS:
        raise ValueError(
            f'is too large: {width} x {height} pixels, the limit is {MAX_PIXELS // 1_000_000} '
            'megapixels'
        )


def _jpeg_size(stored: bytes) -> tuple[int, int]:
    """Read width and height from the segments before the first scan; require the end marker."""
    at, size = 2, None
    while at + 4 <= len(stored):
        if stored[at] != 0xFF:
            raise ValueError(
                'is damaged: a JPEG segment does not start where the previous one ends'
            )
        marker = stored[at + 1]
        if marker == 0xFF:  # padding before a marker
            at += 1
            continue
        (length,) = struct.unpack_from('>H', stored, at + 2)
        if marker in JPEG_FRAMES and at + 9 <= len(stored):
            height, width = struct.unpack_from('>HH', stored, at + 5)
            size = width, height
        at += 2 + length
        if marker == JPEG_SCAN and size is not None:
            # In a scan, FF is followed by 00 or a restart marker, so this can only be the end.
            if stored.rfind(JPEG_END, at) < 0:
                raise ValueError('is truncated: the end of the JPEG is missing')
            return size
    raise ValueError('is truncated: the JPEG ends in its header')


def _png_size(stored: bytes) -> tuple[int, int, bool]:
    """Read width, height and whether there is transparency; require the end chunk."""
    if len(stored) < 33:
        raise ValueError('is truncated: the PNG ends in its header')
    width, height, _, colour = struct.unpack_from('>IIBB', stored, 16)
    if stored.rfind(b'IEND', 33) < 0:
        raise ValueError('is truncated: the end of the PNG is missing')
    return width, height, colour in PNG_COLOUR_ALPHA or b'tRNS' in stored[33:4096]


def _to_8_bits(image: NDArray[Any]) -> Image:
    return (image >> 8).astype(np.uint8) if image.dtype == np.uint16 else image.astype(np.uint8)


def _blend_with_white(image_bgra: Image) -> Image:
    """Blend ``(H, W, 4)``, uint8, with white by its alpha channel."""
    colour = image_bgra[..., :3].astype(np.uint16)
    alpha = image_bgra[..., 3:].astype(np.uint16)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _decode_with_pillow(stored: bytes) -> Image:
    """Decode an image that is neither JPEG nor PNG to ``(H, W, 3)``, blue first."""
    if not stored:
        raise ValueError('is empty')
    import io
    import warnings

    from PIL import Image as Pillow
    from PIL import ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Pillow.DecompressionBombWarning)
            picture = Pillow.open(io.BytesIO(stored))
            _check_size(*picture.size)
            upright = ImageOps.exif_transpose(picture)
            if upright.mode.startswith('I;16') or upright.mode == 'I':
                grey = np.asarray(upright).astype(np.int64) >> 8
                return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
            rgba = np.asarray(upright.convert('RGBA'))
    except UnidentifiedImageError as error:
        raise ValueError('is not an image of a known format') from error
    except Pillow.DecompressionBombError as error:
        raise ValueError('is too large: the limit is 100 megapixels') from error
    except (OSError, SyntaxError, EOFError, struct.error) as error:
        raise ValueError(f'is damaged: {error}') from error
    return _blend_with_white(np.ascontiguousarray(rgba[..., [2, 1, 0, 3]]))


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
