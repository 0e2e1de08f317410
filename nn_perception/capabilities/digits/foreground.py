"""Separate writing from its background with local thresholds."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Grey = NDArray[np.uint8]

# Digits at a pyramid level are at most 42 pixels high.
WINDOW_PX = 51
# Weaker differences are paper texture and sensor noise.
MIN_CONTRAST = 10.0
# Where foreground covers a fifth of the window, the midpoint between foreground and background is
# mean - 0.75 std. Lines and print nearby raise the deviation, hence a little less.
NIBLACK_K = 0.7
# The statistics change slowly, so they are computed at a quarter of the resolution.
DOWNSAMPLING = 4
STRIP_PX = 64 * DOWNSAMPLING
FULL = np.uint8(255)


def foreground_masks(grey: Grey) -> tuple[Mask, Mask]:
    """
    Find what is darker and what is lighter than its neighbourhood.

    Compares each pixel with the mean and the standard deviation of the window around it
    (W. Niblack, An Introduction to Digital Image Processing, 1986), with a minimum contrast.

    :param grey: uint8, ``(H, W)``
    :returns: dark and light foreground, uint8, ``(H, W)``, 255 for foreground
    """
    height, width = grey.shape
    window = (WINDOW_PX // DOWNSAMPLING | 1,) * 2
    mean, squares = (
        cv2.blur(plane, window, borderType=cv2.BORDER_REFLECT) for plane in _downsampled(grey)
    )
    contrast = np.sqrt(np.maximum(squares - mean * mean, 0.0)) * NIBLACK_K
    np.maximum(contrast, MIN_CONTRAST, out=contrast)
    lower, upper = (
        cv2.resize(np.clip(limit, 0, 255).astype(np.uint8), (width, height))
        for limit in (mean - contrast, mean + contrast)
    )
    return to_mask(grey < lower), to_mask(grey > upper)


def to_mask(where: NDArray[np.bool_]) -> Mask:
    """Convert booleans to a mask, True to 255."""
    mask: Mask = where.view(np.uint8) * FULL
    return mask


def _downsampled(grey: Grey) -> NDArray[np.float32]:
    """
    Average the grey values and their squares over 4 x 4 pixels.

    Works on strips of the image: they fit into the cache, and a large image does not need a
    multiple of its size in memory.

    :returns: float32, ``(2, ceil(H / 4), ceil(W / 4))``
    """
    height, width = grey.shape
    small = np.empty((2, -(-height // DOWNSAMPLING), -(-width // DOWNSAMPLING)), np.float32)
    for top in range(0, height, STRIP_PX):
        values = grey[top : top + STRIP_PX].astype(np.float32)
        part = small[:, top // DOWNSAMPLING : (top + STRIP_PX) // DOWNSAMPLING]
        size = part.shape[:0:-1]
        part[0] = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
        part[1] = cv2.resize(values * values, size, interpolation=cv2.INTER_AREA)
    return small
