"""
From image messages to pictures, wherever the messages come from.

A message is anything with the fields of sensor_msgs/Image or CompressedImage: one of a
subscription, or one of a recorded bag. Pictures come out as uint8 BGR. ``bgr8`` and ``8UC3``
are views of the message's own buffer; everything else goes through a converter that the
caller chooses, see :func:`rosbags_image`. It only gets 8 bit rows without padding and names
that cv_bridge and rosbags-image both know, so both give the same pictures: the stripping of
padding, the byte order, the scaling of deeper pixels and the planar YUV forms are done here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
from nn_perception.core.imaging.image_files import decode_image, Image, MAX_PIXELS
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]

# Encoding -> (dtype, channels, name of the 8 bit form that both converters know).
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
# No colours but distances or temperatures: stretched from the frame's least to its largest value.
_MEASURED = {'16UC1': np.uint16, '32FC1': np.float32}
# Depth images as REP 118 has them: metres that a value of 1 means.
_DEPTH_UNITS_M = {'16UC1': 0.001, '32FC1': 1.0}
# Planar YUV: (bytes of chroma for one of luma, steps that a line of chroma takes).
_PLANAR = {'nv21': (0.5, 1), 'nv24': (2.0, 2)}

ENCODINGS = (*_PACKED, *_MEASURED, *_PLANAR)
_KNOWN = ', '.join(name for name in ENCODINGS if not name.startswith('bayer'))


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
    """The part of sensor_msgs/Image that the converters read, without padding."""

    height: int
    width: int
    encoding: str
    step: int
    data: memoryview
    is_bigendian: int = 0


Converter = Callable[[PackedImage], Pixels]
"""Brings packed 8 bit pixels to BGR."""


def to_bgr(msg: ImageMessage, convert: Converter) -> Image:
    """
    Read the picture of a raw image message.

    :param convert: brings what is not BGR already to it
    :returns: uint8 BGR, shape ``(height, width, 3)``; for ``bgr8`` and ``8UC3`` a
        read-only view of the message's buffer, which must outlive it
    :raises ValueError: if the message contradicts itself or its encoding is not known
    """
    if msg.encoding in _PACKED:
        dtype, channels, name = _PACKED[msg.encoding]
        pixels = _rows(msg, np.dtype(dtype), channels)
        if dtype is np.uint16:
            pixels = cv2.convertScaleAbs(pixels, alpha=255 / 65535).reshape(pixels.shape)
        return _convert(pixels, name, convert)
    if msg.encoding in _MEASURED:
        values = _rows(msg, np.dtype(_MEASURED[msg.encoding]), 1)
        return np.asarray(cv2.cvtColor(_stretched(values), cv2.COLOR_GRAY2BGR), np.uint8)
    if msg.encoding in _PLANAR:
        return _planar_to_bgr(msg)
    raise ValueError(
        f'encoding {_quoted(msg.encoding)} is not known; known are {_KNOWN}, bayer_*8, bayer_*16'
    )


def rosbags_image() -> Converter:
    """
    Load rosbags-image.

    :raises ImportError: if it is not installed
    """
    from rosbags.image import image_to_cvimage

    # Its own annotation wants a message of rosbags; it reads these fields only.
    return lambda message: image_to_cvimage(message, 'bgr8')  # type: ignore[arg-type]


def compressed_to_bgr(msg: CompressedMessage) -> Image:
    """
    Decode the picture of a compressed image message, pixels as they are stored.

    :returns: uint8 BGR, shape ``(height, width, 3)``
    :raises ValueError: if it is no JPEG or PNG, is damaged, or holds depth
    """
    if 'compressedDepth' in msg.format:
        raise ValueError(
            f'format {_quoted(msg.format)} is compressed depth, not a picture; '
            'subscribe to the colour image'
        )
    try:
        return decode_image(memoryview(msg.data), upright=False)
    except ValueError as error:
        raise ValueError(f'the compressed image {error}') from error


def to_depth(msg: ImageMessage) -> tuple[Pixels, float]:
    """
    Read the distances of a depth image message.

    :returns: uint16 or float32, ``(height, width)``, where they are in this machine's byte order
        a view of the message's buffer; and the metres that a value of 1 means
    :raises ValueError: if the message contradicts itself or is no depth image
    """
    if msg.encoding not in _DEPTH_UNITS_M:
        raise ValueError(
            f'encoding {_quoted(msg.encoding)} is no depth; known are {", ".join(_DEPTH_UNITS_M)}'
        )
    dtype = np.dtype(_MEASURED[msg.encoding])
    return _rows(msg, dtype, 1)[:, :, 0], _DEPTH_UNITS_M[msg.encoding]


def _quoted(text: str) -> str:
    """Quote text that came from outside, cut to a length that a log line can bear."""
    quoted = repr(text)
    # Cut after quoting: what cannot be printed grows by that up to ten times.
    return quoted if len(quoted) <= 42 else quoted[:38] + "...'"


def _rows(msg: ImageMessage, dtype: np.dtype[Any], channels: int) -> Pixels:
    """View the message's pixels ``(H, W, C)`` without padding, in this machine's byte order."""
    row_bytes = msg.width * channels * dtype.itemsize
    # The last row needs no padding behind it: some drivers leave it out.
    _check_size(msg, row_bytes, msg.step * (msg.height - 1) + row_bytes)
    if msg.step % dtype.itemsize:
        raise ValueError(f'step {msg.step} is no multiple of {dtype.itemsize} bytes a value')
    values: Pixels = np.ndarray(
        (msg.height, msg.width, channels),
        dtype.newbyteorder('>' if msg.is_bigendian else '<'),
        msg.data,
        strides=(msg.step, channels * dtype.itemsize, dtype.itemsize),
    )
    values.flags.writeable = False
    return values.astype(dtype, copy=False)


def _check_size(msg: ImageMessage, row_bytes: int, expected: int) -> None:
    """Refuse a message whose size, step and data contradict each other."""
    if not msg.height or not msg.width:
        raise ValueError(f'the image is empty: {msg.width} x {msg.height}')
    if msg.height * msg.width > MAX_PIXELS:
        raise ValueError(f'the image is too large: {msg.width} x {msg.height}')
    if msg.step < row_bytes:
        raise ValueError(
            f'step {msg.step} is too small: {msg.width} pixels of {_quoted(msg.encoding)} '
            f'are {row_bytes} bytes'
        )
    if len(msg.data) < expected:
        raise ValueError(
            f'the data is truncated: {len(msg.data)} bytes, expected {expected} for '
            f'{msg.width} x {msg.height} {_quoted(msg.encoding)} with step {msg.step}'
        )


def _convert(pixels: Pixels, encoding: str, convert: Converter) -> Image:
    """Bring 8 bit pixels ``(H, W, C)`` of a known encoding to BGR."""
    if encoding == 'bgr8':
        return pixels
    height, width, channels = pixels.shape
    if encoding.startswith('yuv422') and width % 2:
        raise ValueError(f'{encoding} needs an even width, got {width}')
    # OpenCV makes a smaller mosaic black.
    if encoding.startswith('bayer') and (height < 3 or width < 3):
        raise ValueError(f'{encoding} needs at least 3 x 3 pixels, got {width} x {height}')
    packed = np.ascontiguousarray(pixels)
    message = PackedImage(height, width, encoding, width * channels, packed.data.cast('B'))
    return np.asarray(convert(message), np.uint8)


def _stretched(values: Pixels) -> Image:
    """Map the finite values of one frame linearly to 0 to 255; what is not finite becomes 0."""
    with np.errstate(invalid='ignore'):  # a signalling NaN is one of many
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
    Read luma rows followed by rows of interleaved chroma.

    Drivers disagree on ``height``: rows of the picture, or rows of the buffer with those
    of the chroma counted in. The length of the data tells which.
    """
    share, chroma_steps = _PLANAR[msg.encoding]
    height, rows = msg.height, int(msg.height * (1 + share))
    if len(msg.data) <= msg.step * msg.height:
        # No room for chroma below so many rows of luma.
        height, rows = int(msg.height / (1 + share)), msg.height
    _check_size(msg, msg.width, msg.step * rows - chroma_steps * (msg.step - msg.width))
    odd = msg.encoding == 'nv21' and (msg.width % 2 or height % 2)
    if odd or rows != height * (1 + share):
        raise ValueError(
            f'{msg.width} x {msg.height} {msg.encoding} with {len(msg.data)} bytes is no '
            'whole picture'
        )
    step, start = msg.step, height * msg.step
    luma = np.ndarray((height, msg.width), np.uint8, msg.data, strides=(step, 1))
    if msg.encoding == 'nv21':
        chroma = np.ndarray((height // 2, msg.width), np.uint8, msg.data, start, (step, 1))
        planes = np.vstack((luma, chroma))
        return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_NV21), np.uint8)
    # A row of NV24 chroma is twice as long as one of luma, its padding too.
    shape = (height, msg.width, 2)
    chroma = np.ndarray(shape, np.uint8, msg.data, start, (2 * step, 2, 1))
    return _limited_yuv_to_bgr(luma, chroma[:, :, 0], chroma[:, :, 1])


def _limited_yuv_to_bgr(luma: Pixels, u: Pixels, v: Pixels) -> Image:
    """Convert full resolution planes by ITU-R BT.601, luma 16 to 235, as the other YUV forms."""
    # Nothing is blacker than black, as OpenCV has it.
    y = 1.164383 * (np.maximum(luma, 16).astype(np.float32) - 16.0)
    u, v = u.astype(np.float32) - 128.0, v.astype(np.float32) - 128.0
    bgr = np.stack((y + 2.017232 * u, y - 0.391762 * u - 0.812968 * v, y + 1.596027 * v), axis=-1)
    return np.asarray(np.clip(np.rint(bgr), 0, 255), np.uint8)
