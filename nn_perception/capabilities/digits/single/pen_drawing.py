"""Digits that are drawn with a pen of any width, in the format of MNIST's digits."""

from __future__ import annotations

import math

import cv2
from nn_perception.capabilities.digits.patches import (
    Coverage,
    DIGIT_PX,
    MIN_COVERAGE,
    Patches,
    to_patch,
)
import numpy as np
from numpy.typing import NDArray

# Pens of MNIST, in pixels of a digit of 20 x 20.
MIN_PEN_PX, MAX_PEN_PX = 2.0, 4.0
HALF = 0.5

# How much ink covers each pixel: uint8, (H, W), 0 to 255.
Drawing = NDArray[np.uint8]


def is_empty(drawing: Drawing) -> bool:
    """Tell whether nothing is drawn that could be seen."""
    return bool(drawing.max(initial=0) <= MIN_COVERAGE * 255)


def to_digit(drawing: Drawing) -> Patches:
    """
    Bring all ink of a drawing to the format of MNIST's digits.

    :param drawing: not empty
    :returns: float32, ``(28, 28)``, 0 to 1
    """
    columns, rows, width, height = cv2.boundingRect(ink_mask(drawing))
    ink = drawing[rows : rows + height, columns : columns + width]
    return to_patch(_even_pen(ink.astype(np.float32) / np.float32(255)))


def _even_pen(ink: Coverage) -> Coverage:
    """
    Make strokes wider or narrower that are not as wide as those of MNIST.

    A digit is scaled to 20 pixels afterwards: a thin pen fades, a thick one fills its loops.

    :param ink: cropped, float32, ``(H, W)``, 0 to 1
    """
    unit = max(ink.shape) / DIGIT_PX
    mask = (ink > HALF).view(np.uint8)
    if not mask.any():
        return ink
    inside = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    # In a bar, the distance from the edge is a quarter of the width on average.
    pen = 4.0 * float(inside[mask > 0].mean()) - 1.0
    target = min(max(pen, MIN_PEN_PX * unit), MAX_PEN_PX * unit)
    change = (target - pen) / 2
    if abs(change) < HALF:
        return ink
    if change < 0:
        narrow = np.clip(inside + change + HALF, 0.0, 1.0).astype(np.float32)
        return np.minimum(narrow, ink) if narrow.max() > HALF else ink
    margin = math.ceil(change) + 1
    around = np.pad(ink, margin)
    outside = cv2.distanceTransform((around <= HALF).view(np.uint8), cv2.DIST_L2, 5)
    wide = np.clip(change - outside + 1.0, 0.0, 1.0).astype(np.float32)
    return np.asarray(np.maximum(wide, around), np.float32)


def ink_mask(drawing: Drawing) -> Drawing:
    """Mark what can be seen of a drawing; :returns: uint8, ``(H, W)``, 1 for ink."""
    return (drawing > MIN_COVERAGE * 255).view(np.uint8)
