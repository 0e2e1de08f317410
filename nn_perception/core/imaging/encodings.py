"""
Convert image messages to arrays, without ROS.

A message is any object with the fields of sensor_msgs/Image or CompressedImage, from a
subscription or from a recorded bag. The result is uint8 BGR. For ``bgr8`` and ``8UC3`` it is a
view of the message's buffer; other encodings go through a converter that the caller selects, for
example :func:`rosbags_image`. A converter gets only 8-bit rows without padding, in encodings that
both cv_bridge and rosbags-image support, so both give the same result. Padding, byte order, 16-bit
values and planar YUV are handled here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
from nn_perception.core.imaging.image_files import decode_image, MAX_PIXELS
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.quoting import quoted
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]

# Encoding -> (dtype, channels, name of the 8-bit encoding that both converters support).
_PACKED = {
    'mono8': (np.uint8, 1, 'mono8'),
    '8UC1': (np.uint8, 1, 'mono8'),
    'bgr8': (np.uint8, 3, 'bgr8'),
    '8UC3': (np.uint8, 3, 'bgr8'),
    'rgb8': (np.uint8, 3, 'rgb8'),
    'bgra8': (np.uint8, 4, 'bgra8'),
    '8UC4': (np.uint8, 4, 'bgra8'),
    'rgba8': (np.uint8, 4, 'rgba8'),
    'yuv422': (np.uint8, 2, 'yuv422'),
    'uyvy': (np.uint8, 2, 'yuv422'),
    'yuv422_yuy2': (np.uint8, 2, 'yuv422_yuy2'),
    'yuyv': (np.uint8, 2, 'yuv422_yuy2'),
    'mono16': (np.uint16, 1, 'mono8'),
    'bgr16': (np.uint16, 3, 'bgr8'),
    'rgb16': (np.uint16, 3, 'rgb8'),
    'bgra16': (np.uint16, 4, 'bgra8'),
    'rgba16': (np.uint16, 4, 'rgba8'),
    **{
        f'bayer_{pattern}{bits}': (dtype, 1, f'bayer_{pattern}8')
        for pattern in ('rggb', 'bggr', 'gbrg', 'grbg')
        for bits, dtype in ((8, np.uint8), (16, np.uint16))
    },
}
# Distances or temperatures; scaled so that minimum and maximum of the image become 0 and 255.
_SCALAR = {'16UC1': np.uint16, '32FC1': np.float32}
# Depth images (REP 118): the length of a value of 1 in metres.
_DEPTH_UNITS_M = {'16UC1': 0.001, '32FC1': 1.0}
# Planar YUV: (bytes of chroma per byte of luma, length of a chroma row in steps).
_PLANAR = {'nv21': (0.5, 1), 'nv24': (2.0, 2)}

ENCODINGS = (*_PACKED, *_SCALAR, *_PLANAR)
_SUPPORTED = ', '.join(name for name in ENCODINGS if not name.startswith('bayer'))


class ImageMessage(Protocol):
    """The fields of sensor_msgs/Image; ``data`` is any bytes-like object or array of uint8."""

    height: int
    width: int
    encoding: str
    step: int
    data: Any
    is_bigendian: int


class CompressedMessage(Protocol):
    """The fields of sensor_msgs/CompressedImage."""

    format: str
    data: Any


@dataclass(frozen=True)
class PackedImage:
    """The fields of sensor_msgs/Image that converters read; rows have no padding."""

    height: int
    width: int
    encoding: str
    step: int
    data: memoryview
    is_bigendian: int = 0


Converter = Callable[[PackedImage], Pixels]
"""Converts packed 8-bit pixels to BGR."""


def to_bgr(msg: ImageMessage, convert: Converter) -> Image:
    """
    Convert a raw image message.

    :param convert: converts encodings other than BGR
    :returns: uint8 BGR, ``(height, width, 3)``; for ``bgr8`` and ``8UC3`` a read-only view of the
        message's buffer, which must outlive it
    :raises ValueError: if the message is inconsistent or its encoding is not supported
    """
    if msg.encoding in _PACKED:
        dtype, channels, name = _PACKED[msg.encoding]
        pixels = _rows(msg, np.dtype(dtype), channels)
        if dtype is np.uint16:
            pixels = cv2.convertScaleAbs(pixels, alpha=255 / 65535).reshape(pixels.shape)
        return _convert(pixels, name, convert)
    if msg.encoding in _SCALAR:
        values = _rows(msg, np.dtype(_SCALAR[msg.encoding]), 1)
        return np.asarray(cv2.cvtColor(_scaled(values), cv2.COLOR_GRAY2BGR), np.uint8)
    if msg.encoding in _PLANAR:
        return _planar_to_bgr(msg)
    raise ValueError(
        f'encoding {quoted(msg.encoding)} is not supported; supported are {_SUPPORTED}, bayer_*8, '
        'bayer_*16'
    )


def rosbags_image() -> Converter:
    """
    Load the converter of rosbags-image.

    :raises ImportError: if it is not installed
    """
    from rosbags.image import image_to_cvimage

    # It is annotated for messages of rosbags, but reads only these fields.
    return lambda message: image_to_cvimage(message, 'bgr8')  # type: ignore[arg-type]


def compressed_to_bgr(msg: CompressedMessage) -> Image:
    """
    Decode a compressed image message; EXIF orientation is ignored.

    :returns: uint8 BGR, ``(height, width, 3)``
    :raises ValueError: if it is not JPEG or PNG, is damaged, or holds depth
    """
    if 'compressedDepth' in msg.format:
        raise ValueError(
            f'format {quoted(msg.format)} is compressed depth, not a colour image; '
            'subscribe to the colour image'
        )
    try:
        return decode_image(memoryview(msg.data), upright=False)
    except ValueError as error:
        raise ValueError(f'the compressed image {error}') from error


def to_depth(msg: ImageMessage) -> tuple[Pixels, float]:
    """
    Convert a depth image message.

    :returns: the depths, uint16 or float32, ``(height, width)``, a view of the message's buffer if
        its byte order is that of this machine; and the length of a value of 1 in metres
    :raises ValueError: if the message is inconsistent or not a depth image
    """
    if msg.encoding not in _DEPTH_UNITS_M:
        raise ValueError(
            f'encoding {quoted(msg.encoding)} is not a depth encoding; these are '
            f'{", ".join(_DEPTH_UNITS_M)}'
        )
    dtype = np.dtype(_SCALAR[msg.encoding])
    return _rows(msg, dtype, 1)[:, :, 0], _DEPTH_UNITS_M[msg.encoding]


def _rows(msg: ImageMessage, dtype: np.dtype[Any], channels: int) -> Pixels:
    """View the pixels ``(H, W, C)`` of a message without padding, in native byte order."""
    row_bytes = msg.width * channels * dtype.itemsize
    # Some drivers omit the padding of the last row.
    _check_size(msg, row_bytes, msg.step * (msg.height - 1) + row_bytes)
    if msg.step % dtype.itemsize:
        raise ValueError(f'step {msg.step} is not a multiple of {dtype.itemsize} bytes per value')
    values: Pixels = np.ndarray(
        (msg.height, msg.width, channels),
        dtype.newbyteorder('>' if msg.is_bigendian else '<'),
        msg.data,
        strides=(msg.step, channels * dtype.itemsize, dtype.itemsize),
    )
    values.flags.writeable = False
    return values.astype(dtype, copy=False)


def _check_size(msg: ImageMessage, row_bytes: int, expected: int) -> None:
    """Reject a message whose size, step and data are inconsistent."""
    if not msg.height or not msg.width:
        raise ValueError(f'the image is empty: {msg.width} x {msg.height}')
    if msg.height * msg.width > MAX_PIXELS:
        raise ValueError(f'the image is too large: {msg.width} x {msg.height}')
    if msg.step < row_bytes:
        raise ValueError(
            f'step {msg.step} is too small: {msg.width} pixels of {quoted(msg.encoding)} '
            f'are {row_bytes} bytes'
        )
    if len(msg.data) < expected:
        raise ValueError(
            f'the data is truncated: {len(msg.data)} bytes, expected {expected} for '
            f'{msg.width} x {msg.height} {quoted(msg.encoding)} with step {msg.step}'
        )


def _convert(pixels: Pixels, encoding: str, convert: Converter) -> Image:
    """Convert 8-bit pixels ``(H, W, C)`` to BGR."""
    if encoding == 'bgr8':
        return pixels
    height, width, channels = pixels.shape
    if encoding.startswith('yuv422') and width % 2:
        raise ValueError(f'{encoding} needs an even width, got {width}')
    # OpenCV returns black for smaller mosaics.
    if encoding.startswith('bayer') and (height < 3 or width < 3):
        raise ValueError(f'{encoding} needs at least 3 x 3 pixels, got {width} x {height}')
    packed = np.ascontiguousarray(pixels)
    message = PackedImage(height, width, encoding, width * channels, packed.data.cast('B'))
    return np.asarray(convert(message), np.uint8)


def _scaled(values: Pixels) -> Image:
    """Scale the finite values of an image to 0 to 255; the others become 0."""
    with np.errstate(invalid='ignore'):  # signalling NaNs are allowed
        values = values[:, :, 0].astype(np.float64)
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros(values.shape, np.uint8)
    low, high = values[finite].min(), values[finite].max()
    scale = 255.0 / (high - low) if high > low else 0.0
    grey = (np.where(finite, values, low) - low) * scale
    return np.asarray(np.rint(grey), np.uint8)


def _planar_to_bgr(msg: ImageMessage) -> Image:
    """
    Convert luma rows followed by rows of interleaved chroma.

    For some drivers ``height`` is the number of rows of the image, for others that of the buffer,
    which includes the rows of chroma. The length of the data shows which.
    """
    share, chroma_steps = _PLANAR[msg.encoding]
    height, rows = msg.height, int(msg.height * (1 + share))
    if len(msg.data) <= msg.step * msg.height:
        # There is no room for chroma after this many rows of luma.
        height, rows = int(msg.height / (1 + share)), msg.height
    _check_size(msg, msg.width, msg.step * rows - chroma_steps * (msg.step - msg.width))
    odd = msg.encoding == 'nv21' and (msg.width % 2 or height % 2)
    if odd or rows != height * (1 + share):
        raise ValueError(
            f'{msg.width} x {msg.height} {msg.encoding} with {len(msg.data)} bytes is not a '
            'complete image'
        )
    step, start = msg.step, height * msg.step
    luma = np.ndarray((height, msg.width), np.uint8, msg.data, strides=(step, 1))
    if msg.encoding == 'nv21':
        chroma = np.ndarray((height // 2, msg.width), np.uint8, msg.data, start, (step, 1))
        planes = np.vstack((luma, chroma))
        return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_NV21), np.uint8)
    # A row of NV24 chroma, with its padding, is twice as long as a row of luma.
    shape = (height, msg.width, 2)
    chroma = np.ndarray(shape, np.uint8, msg.data, start, (2 * step, 2, 1))
    return _limited_yuv_to_bgr(luma, chroma[:, :, 0], chroma[:, :, 1])


def _limited_yuv_to_bgr(luma: Pixels, u: Pixels, v: Pixels) -> Image:
    """Convert full-resolution planes by ITU-R BT.601 with luma 16 to 235, like the other forms."""
    # Luma below 16 is black, as in OpenCV.
    y = 1.164383 * (np.maximum(luma, 16).astype(np.float32) - 16.0)
    u, v = u.astype(np.float32) - 128.0, v.astype(np.float32) - 128.0
    bgr = np.stack((y + 2.017232 * u, y - 0.391762 * u - 0.812968 * v, y + 1.596027 * v), axis=-1)
    return np.asarray(np.clip(np.rint(bgr), 0, 255), np.uint8)
