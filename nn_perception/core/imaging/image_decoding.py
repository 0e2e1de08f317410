"""
Decode the images of files and of compressed messages to uint8 BGR, with clear errors.

OpenCV silently fills the missing part of a truncated JPEG with grey, and decodes any size that a
header claims. So the container is read first (:mod:`nn_perception.core.imaging.formats`), and the
decoders get only what was checked. They release Python's lock while they work.
"""

from __future__ import annotations

from typing import Any

import cv2
from nn_perception.core.imaging.bit_depth import scale_to_8_bits
from nn_perception.core.imaging.exif_orientation import to_upright
from nn_perception.core.imaging.formats.bitmap import RUN_LENGTH
from nn_perception.core.imaging.formats.container import BITS, Container, MAX_PIXELS
from nn_perception.core.imaging.formats.jpeg import JPEG_END
from nn_perception.core.imaging.formats.sniffing import read_container
from nn_perception.core.imaging.preprocessing import Image
import numpy as np
from numpy.typing import NDArray

_TAIL_BYTES = 512
_BLEND_PIXELS = 1 << 18
_PILLOW_NAMES = {'TIFF': 'TIFF', 'BMP': 'BMP', 'GIF': 'GIF', 'PNM': 'PPM'}


def decode_image(data: Any, *, upright: bool, max_pixels: int = MAX_PIXELS) -> Image:
    """
    Decode an image: JPEG, PNG, WebP, TIFF, BMP, GIF (its first image), PNM or PFM.

    :param data: the compressed image, any bytes-like object
    :param upright: rotate the image as its EXIF data says and blend transparency with white;
        otherwise the pixels are returned as stored, without transparency
    :param max_pixels: width times height of the largest image that is decoded
    :returns: uint8, ``(H, W, 3)``, blue first; grey images have three equal channels, and more
        than 8 bits are scaled by :func:`nn_perception.core.imaging.bit_depth.scale_to_8_bits`
    :raises ValueError: if it is no complete image of a supported format, or too large; the
        message has no subject, so that the caller can prepend the name of the file
    """
    container = read_container(memoryview(data).cast('B'))
    container.check_size(max_pixels)
    try:
        image = _decoded(container, blend=upright)
    except MemoryError as error:
        raise ValueError('needs more memory than is available') from error
    return to_upright(image, container.orientation) if upright else image


def _decoded(container: Container, *, blend: bool) -> Image:
    pixels = _stored_pixels(container)
    if pixels.shape[:2] != (container.height, container.width):
        raise ValueError(
            f'is damaged: it has {pixels.shape[1]} x {pixels.shape[0]} pixels, but its header '
            f'says {container.width} x {container.height}'
        )
    return _to_bgr(pixels, blend=blend)


def _stored_pixels(container: Container) -> NDArray[Any]:
    """Decode to grey, BGR or BGRA of any depth: ``(H, W)`` or ``(H, W, C)``."""
    is_deep = container.bits > BITS
    if container.kind == 'JPEG':
        return _decode_jpeg(container)
    if container.kind in _PILLOW_NAMES and container.variant != RUN_LENGTH and not is_deep:
        return _decode_with_pillow(container)
    color = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    return _decode_with_opencv(
        container.data, cv2.IMREAD_UNCHANGED if is_deep or container.has_alpha else color
    )


def _decode_with_opencv(data: Any, flags: int) -> NDArray[Any]:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        raise ValueError(f'is damaged: {error.err}') from error
    if image is None or image.size == 0:
        raise ValueError('is damaged and cannot be decoded')
    return image


def _decode_jpeg(container: Container) -> NDArray[Any]:
    data: Any = container.data
    if not container.is_complete:
        # Half of an end marker may be there.
        data = bytes(data).rstrip(JPEG_END[:1])
        if not _same_with_tail(data):
            raise ValueError('is truncated: the end of the JPEG is missing')
        data += JPEG_END
    return _decode_with_opencv(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)


def _same_with_tail(data: bytes) -> bool:
    """
    Tell whether a JPEG without its end marker lacks nothing else.

    What follows a complete image does not change its pixels; what completes half of one does. Data
    from its middle changes them most. Pillow decodes it, because OpenCV would write a line about
    damage to standard error.
    """
    middle = len(data) // 2
    tail = data[middle : middle + _TAIL_BYTES].replace(JPEG_END[:1], b'')
    return np.array_equal(
        _jpeg_by_pillow(data + JPEG_END), _jpeg_by_pillow(data + tail + JPEG_END)
    )


def _jpeg_by_pillow(jpeg: bytes) -> NDArray[Any]:
    import io

    from PIL import Image as Pillow

    try:
        return np.asarray(Pillow.open(io.BytesIO(jpeg), formats=('JPEG',)))
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f'is damaged: {error}') from error


def _decode_with_pillow(container: Container) -> NDArray[Any]:
    import io
    import struct
    import warnings

    from PIL import Image as Pillow

    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # about large images and damaged metadata
            name = _PILLOW_NAMES[container.kind]
            picture = Pillow.open(io.BytesIO(container.data), formats=(name,))
            if picture.size != (container.width, container.height):
                raise ValueError('its header contradicts itself')
            # Only these have an alpha channel, or name a transparent colour.
            is_opaque = picture.mode[-1] not in 'Aa' and 'transparency' not in picture.info
            pixels = np.asarray(picture.convert('RGB' if is_opaque else 'RGBA'))
    except (OSError, SyntaxError, EOFError, struct.error, ValueError) as error:
        raise ValueError(f'is damaged: {error}') from error
    except Pillow.DecompressionBombError as error:
        raise ValueError('is too large for Pillow') from error
    code = cv2.COLOR_RGB2BGR if is_opaque else cv2.COLOR_RGBA2BGRA
    return cv2.cvtColor(pixels, code)


def _to_bgr(pixels: NDArray[Any], *, blend: bool) -> Image:
    """Convert grey, BGR or BGRA of any depth to uint8 BGR."""
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        grey = _eight_bits(pixels.reshape(pixels.shape[:2]))
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    bgr = _eight_bits(pixels[..., :3])
    if pixels.shape[2] == 3 or not blend:
        return np.ascontiguousarray(bgr)
    return _blend_with_white(bgr, _opacity(pixels[..., 3:]))


def _eight_bits(values: NDArray[Any]) -> Image:
    return values if values.dtype == np.uint8 else scale_to_8_bits(values)


def _opacity(alpha: NDArray[Any]) -> Image:
    """Scale an alpha channel by what its type calls opaque."""
    if alpha.dtype == np.uint8:
        return alpha
    opaque = float(np.iinfo(alpha.dtype).max) if alpha.dtype.kind in 'iu' else 1.0
    return np.rint(np.clip(np.nan_to_num(alpha / opaque), 0.0, 1.0) * 255.0).astype(np.uint8)


def _blend_with_white(image_bgr: Image, alpha: Image) -> Image:
    """
    Blend an image with white.

    :param image_bgr: uint8, ``(H, W, 3)``
    :param alpha: uint8, ``(H, W, 1)``; 255 is opaque
    """
    blended = np.empty_like(image_bgr)
    # In parts: the products of a large image would take a gigabyte.
    step = max(1, _BLEND_PIXELS // image_bgr.shape[1])
    for start in range(0, len(image_bgr), step):
        rows = slice(start, start + step)
        opacity = alpha[rows].astype(np.uint16)
        blended[rows] = (image_bgr[rows] * opacity + 255 * (255 - opacity) + 127) // 255
    return blended
