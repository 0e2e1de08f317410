"""
Convert image messages to arrays, without ROS.

A message is any object with the fields of sensor_msgs/Image or CompressedImage, from a
subscription or from a recorded bag. The result is uint8 BGR. For ``bgr8`` and ``8UC3`` it is a
view of the message's buffer; other encodings go through a converter that the caller selects, for
example :func:`rosbags_image`. A converter gets only 8-bit rows without padding, in encodings that
both cv_bridge and rosbags-image support, so both give the same result. Padding, byte order, more
than 8 bits and planar YUV are handled here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from nn_perception.core.imaging.bit_depth import scale_to_8_bits
from nn_perception.core.imaging.formats.container import check_size, MAX_PIXELS
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.planar_yuv import nv24_to_bgr, PLANAR, subsampled_to_bgr
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
    '16UC1': (np.uint16, 1, 'mono8'),
    'bgr16': (np.uint16, 3, 'bgr8'),
    '16UC3': (np.uint16, 3, 'bgr8'),
    'rgb16': (np.uint16, 3, 'rgb8'),
    'bgra16': (np.uint16, 4, 'bgr8'),
    '16UC4': (np.uint16, 4, 'bgr8'),
    'rgba16': (np.uint16, 4, 'rgb8'),
    '32FC1': (np.float32, 1, 'mono8'),
    '32FC3': (np.float32, 3, 'bgr8'),
    '32FC4': (np.float32, 4, 'bgr8'),
    **{
        f'bayer_{pattern}{bits}': (dtype, 1, f'bayer_{pattern}8')
        for pattern in ('rggb', 'bggr', 'gbrg', 'grbg')
        for bits, dtype in ((8, np.uint8), (16, np.uint16))
    },
}
# Depth images (REP 118): the length of a value of 1 in metres.
_DEPTH_UNITS_M = {'16UC1': 0.001, '32FC1': 1.0}

ENCODINGS = (*_PACKED, *PLANAR)
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


def to_bgr(msg: ImageMessage, convert: Converter, max_pixels: int = MAX_PIXELS) -> Image:
    """
    Convert a raw image message.

    More than 8 bits are scaled by :func:`nn_perception.core.imaging.bit_depth.scale_to_8_bits`.

    :param convert: converts encodings other than BGR
    :param max_pixels: width times height of the largest image that is converted
    :returns: uint8 BGR, ``(height, width, 3)``; for ``bgr8`` and ``8UC3`` a read-only view of the
        message's buffer, which must outlive it
    :raises ValueError: if the message is inconsistent or its encoding is not supported
    """
    _check_size(msg, max_pixels)
    if msg.encoding in _PACKED:
        dtype, channels, name = _PACKED[msg.encoding]
        pixels = _rows(msg, np.dtype(dtype), channels)
        _check_shape(name, msg.height, msg.width)
        if dtype is not np.uint8:
            # Opacity is no part of the image, and has a range of its own.
            pixels = scale_to_8_bits(pixels[:, :, :3])
        return _convert(pixels, name, convert)
    if msg.encoding in PLANAR:
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


def compressed_to_bgr(msg: CompressedMessage, max_pixels: int = MAX_PIXELS) -> Image:
    """
    Decode a compressed image message; EXIF orientation is ignored.

    :param max_pixels: width times height of the largest image that is decoded
    :returns: uint8 BGR, ``(height, width, 3)``
    :raises ValueError: if its format is not supported, it is damaged or too large, or holds depth
    """
    if 'compressedDepth' in msg.format:
        raise ValueError(
            f'format {quoted(msg.format)} is compressed depth, not a colour image; '
            'subscribe to the colour image'
        )
    try:
        return decode_image(msg.data, upright=False, max_pixels=max_pixels)
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
    _check_size(msg, MAX_PIXELS)
    dtype = np.dtype(_PACKED[msg.encoding][0])
    return _rows(msg, dtype, 1)[:, :, 0], _DEPTH_UNITS_M[msg.encoding]


def _rows(msg: ImageMessage, dtype: np.dtype[Any], channels: int) -> Pixels:
    """View the pixels ``(H, W, C)`` of a message without padding, in native byte order."""
    row_bytes = msg.width * channels * dtype.itemsize
    # Some drivers omit the padding of the last row.
    _check_data(msg, row_bytes, msg.step * (msg.height - 1) + row_bytes)
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


def _check_size(msg: ImageMessage, max_pixels: int) -> None:
    if not msg.height or not msg.width:
        raise ValueError(f'the image is empty: {msg.width} x {msg.height}')
    if msg.width * msg.height <= max_pixels:
        return
    try:
        check_size(msg.width, msg.height, max_pixels)
    except ValueError as error:
        raise ValueError(f'the image {error}') from error


def _check_data(msg: ImageMessage, row_bytes: int, expected: int) -> None:
    """Reject a message whose size, step and data are inconsistent."""
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


def _check_shape(encoding: str, height: int, width: int) -> None:
    """Reject what a converter cannot convert."""
    if encoding.startswith('yuv422') and width % 2:
        raise ValueError(f'{encoding} needs an even width, got {width}')
    # OpenCV returns black for smaller mosaics.
    if encoding.startswith('bayer') and (height < 3 or width < 3):
        raise ValueError(f'{encoding} needs at least 3 x 3 pixels, got {width} x {height}')


def _convert(pixels: Pixels, encoding: str, convert: Converter) -> Image:
    """Convert 8-bit pixels ``(H, W, C)`` to BGR."""
    if encoding == 'bgr8':
        return pixels
    height, width, channels = pixels.shape
    packed = np.ascontiguousarray(pixels)
    message = PackedImage(height, width, encoding, width * channels, packed.data.cast('B'))
    return np.asarray(convert(message), np.uint8)


def _planar_to_bgr(msg: ImageMessage) -> Image:
    """
    Convert luma rows followed by rows of interleaved chroma.

    For some drivers ``height`` is the number of rows of the image, for others that of the buffer,
    which includes the rows of chroma. The length of the data shows which.
    """
    share, chroma_steps = PLANAR[msg.encoding]
    height, rows = msg.height, int(msg.height * (1 + share))
    if len(msg.data) <= msg.step * msg.height:
        # There is no room for chroma after this many rows of luma.
        height, rows = int(msg.height / (1 + share)), msg.height
    _check_data(msg, msg.width, msg.step * rows - chroma_steps * (msg.step - msg.width))
    odd = chroma_steps == 1 and (msg.width % 2 or height % 2)
    if odd or rows != height * (1 + share):
        raise ValueError(
            f'{msg.width} x {msg.height} {msg.encoding} with {len(msg.data)} bytes is not a '
            'complete image'
        )
    step, start = msg.step, height * msg.step
    luma = np.ndarray((height, msg.width), np.uint8, msg.data, strides=(step, 1))
    if chroma_steps == 1:
        chroma = np.ndarray((height // 2, msg.width), np.uint8, msg.data, start, (step, 1))
        return subsampled_to_bgr(msg.encoding, luma, chroma)
    # A row of NV24 chroma, with its padding, is twice as long as a row of luma.
    shape = (height, msg.width, 2)
    chroma = np.ndarray(shape, np.uint8, msg.data, start, (2 * step, 2, 1))
    return nv24_to_bgr(luma, chroma)
