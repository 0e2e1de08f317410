"""
Cut a single thing out of a picture with a plain ground.

The result shows how much each pixel differs from the ground, so it does not matter whether the
thing is darker or lighter. The ground may be of any colour, and change evenly across the picture,
as light from one side makes it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Larger pictures are shrunk first; this is plenty for the inputs of networks that want it.
MAX_SIDE_PX = 320
# Share of the shorter side along each edge in which the ground is estimated.
BORDER = 0.04
# Two values of the ground differ by this at most, before the slope of its light is known.
GROUND_TOLERANCE = 20.0
ROUNDS = 4
# A difference from the ground that counts, in deviations of the ground's noise and in values.
NOISE_FACTOR, MIN_DIFFERENCE, MAX_DIFFERENCE = 4.0, 6.0, 40.0
# Pieces smaller than this share of the largest one do not belong to the thing.
MIN_PIECE = 0.05
# In a smaller picture each pixel counts.
MAX_NOISELESS_PX = 64

Image = NDArray[np.uint8]
Plane = NDArray[np.float32]


def cut_out(image_bgr: Image) -> Plane:
    """
    Cut out what differs from the ground.

    :param image_bgr: uint8, ``(H, W, 3)``
    :returns: float32, ``(S, S)``, 0 to 255: the largest difference of a channel from the ground;
        the thing touches two opposite sides, and around it is 0. Of a picture without anything:
        the whole picture
    """
    image = _shrunk(image_bgr).astype(np.float32)
    ground, noise = _ground_of(image)
    difference = np.abs(image - ground).max(axis=2)
    least = float(np.clip(NOISE_FACTOR * noise, MIN_DIFFERENCE, MAX_DIFFERENCE))
    mask = _thing(difference, least)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return _square(np.where(difference < least, 0.0, difference).astype(np.float32))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return _square(np.where(mask, difference, 0.0)[box].astype(np.float32))


def _shrunk(image: Image) -> Image:
    scale = MAX_SIDE_PX / max(image.shape[:2])
    if scale >= 1.0:
        return image
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _ground_of(image: Plane) -> tuple[Plane, float]:
    """
    Fit a plane to the colours of the border, without what lies on it there.

    :param image: ``(H, W, 3)``
    :returns: the ground, of the same shape, and the deviation of its noise
    """
    height, width = image.shape[:2]
    thickness = max(1, round(BORDER * min(height, width)))
    border = np.ones((height, width), bool)
    border[thickness : height - thickness, thickness : width - thickness] = False
    y, x = np.nonzero(border)
    colours = image[y, x]  # (N, 3)
    terms = np.stack([np.ones_like(x), x / width - 0.5, y / height - 0.5], axis=1)
    plane, noise = np.zeros((3, 3)), 0.0
    plane[0] = _most_frequent(colours)
    fitted = terms @ plane
    for _ in range(ROUNDS):
        distance = np.abs(colours - fitted).max(axis=1)
        near = distance <= max(GROUND_TOLERANCE, NOISE_FACTOR * noise)
        if not near.any():  # no plain ground at all
            break
        plane = np.linalg.lstsq(terms[near], colours[near], rcond=None)[0]
        fitted = terms @ plane
        noise = float(1.48 * np.median(np.abs(colours - fitted)[near]))
    rows, columns = np.mgrid[:height, :width]
    all_terms = np.stack(
        [np.ones((height, width)), columns / width - 0.5, rows / height - 0.5], axis=2
    )
    return np.clip(all_terms @ plane, 0.0, 255.0).astype(np.float32), noise


def _most_frequent(colours: Plane) -> Plane:
    """Return the mean of the colours about the most frequent brightness, ``(3,)``."""
    brightness = colours.mean(axis=1)
    counts = np.histogram(brightness, bins=256, range=(0.0, 256.0))[0]
    window = np.convolve(counts, np.ones(9), mode='same')
    near = np.abs(brightness - (window.argmax() + 0.5)) <= 5.0
    return np.asarray(np.median(colours[near], axis=0), np.float32)


def _thing(difference: Plane, least: float) -> NDArray[np.bool_]:
    """Return where the thing is: the largest piece that differs, and those that are like it."""
    smooth = difference
    if min(difference.shape) > MAX_NOISELESS_PX:
        # The median keeps edges where they are.
        smooth = np.asarray(cv2.medianBlur(difference, 3), np.float32)
    mask = (smooth >= least).astype(np.uint8)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0  # the ground
    kept = areas >= max(1.0, MIN_PIECE * areas.max())
    return np.asarray(kept[pieces], bool)


def _square(values: Plane) -> Plane:
    """Put a rectangle into the middle of a square of zeros."""
    height, width = values.shape
    side = max(height, width)
    square = np.zeros((side, side), np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = values
    return square
