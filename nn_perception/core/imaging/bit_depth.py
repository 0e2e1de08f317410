"""
Images with more than 8 bits per value: one scaling to 8 bits, wherever they come from.

Cameras put 10, 12 or 14 bits into 16, floats may end at 1 or go beyond, and depth has no range of
its own. What a value of white is, no format says; so each image is scaled by its own values.
"""

from __future__ import annotations

from collections.abc import Iterator
import math
from typing import Any

from nn_perception.core.imaging.preprocessing import Image
import numpy as np
from numpy.typing import NDArray

# Of the values, this share at either end may be outliers: hot pixels, marks of invalid pixels,
# a lamp. They are clipped if the range that they span is this many times that of all others.
OUTLIER_SHARE = 0.01
OUTLIER_RANGE = 4.0
# So many values, evenly spread over the image, show whether there are outliers.
SAMPLE_SIDE = 128

_LARGEST_16 = (1 << 16) - 1
# A copy of a large image as float64 would take a gigabyte.
_BLOCK_VALUES = 1 << 20


def scale_to_8_bits(values: NDArray[Any]) -> Image:
    """
    Scale an image linearly: its smallest finite value becomes 0, its largest 255.

    Outliers are clipped: if the hundredth part of the values at either end spans more than
    four times the range of the others, the others become 0 to 255. An image with only one value
    has no range of its own: 16 bits are then scaled from 0 to 65535, floats from 0 to 1. What is
    not finite, or beyond that, becomes 0.

    :param values: integers or floats, ``(H, W)`` or ``(H, W, C)``; all channels are scaled alike
    :returns: uint8, of the same shape
    """
    scaled = np.empty(values.shape, np.uint8)
    low, high = _ends(values)
    if values.dtype == np.uint16:
        first, last = int(low), int(high)
        levels = _scaled(np.arange(first, last + 1, dtype=np.float64), low, high)
        for rows in _blocks(values):
            scaled[rows] = levels[np.clip(values[rows], first, last) - np.uint16(first)]
        return scaled
    for rows in _blocks(values):
        exact = _as_float64(values[rows])
        exact[~np.isfinite(exact)] = low
        scaled[rows] = _scaled(exact, low, high)
    return scaled


def _blocks(values: NDArray[Any]) -> Iterator[slice]:
    """Divide an image into rows with about a million values."""
    step = max(1, _BLOCK_VALUES // max(1, math.prod(values.shape[1:])))
    for start in range(0, len(values), step):
        yield slice(start, start + step)


def _as_float64(values: NDArray[Any]) -> NDArray[np.float64]:
    with np.errstate(invalid='ignore'):  # signalling NaNs are allowed
        return values.astype(np.float64)


def _ends(values: NDArray[Any]) -> tuple[float, float]:
    """Find the values that become 0 and 255; both are 0 if none is finite."""
    low, high = math.inf, -math.inf
    for rows in _blocks(values):
        block = values[rows] if values.dtype == np.uint16 else _as_float64(values[rows])
        finite = block[np.isfinite(block)] if block.dtype.kind == 'f' else block
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        return 0.0, 0.0
    if low == high:
        full = float(_LARGEST_16) if values.dtype == np.uint16 else 1.0
        return (0.0, full) if 0.0 <= low <= full else (low, high)
    return _without_outliers(values, low, high)


def _without_outliers(values: NDArray[Any], low: float, high: float) -> tuple[float, float]:
    rows, columns = (-(-side // SAMPLE_SIDE) for side in values.shape[:2])
    sample = _as_float64(values[::rows, ::columns])
    sample = np.sort(sample[np.isfinite(sample)])
    outliers = int(len(sample) * OUTLIER_SHARE)
    if outliers:
        inner_low, inner_high = float(sample[outliers]), float(sample[-1 - outliers])
        if 0.0 < (inner_high - inner_low) * OUTLIER_RANGE < high - low:
            return inner_low, inner_high
    return low, high


def _scaled(values: NDArray[np.float64], low: float, high: float) -> Image:
    """Map ``low`` to 0 and ``high`` to 255, rounded to the nearest level."""
    scale = 255.0 / (high - low) if high > low else 0.0
    return np.rint((np.clip(values, low, high) - low) * scale).astype(np.uint8)
