"""Measure how even the background of a candidate is: paper is, most clutter is not."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.candidates import Candidate
from nn_perception.capabilities.digits.foreground import Grey, Mask
import numpy as np

MARGIN = 0.6  # in heights of the candidate
MIN_MARGIN_PX = 3
# Soft edges of strokes are neither foreground nor background.
SOFT_EDGE = np.ones((5, 5), np.uint8)
# Other foreground above or below is worse than texture.
CLUTTER_WEIGHT = 2.0
# Light from one side is no flaw of the paper.
GRADIENT_WEIGHT = 0.6


def unevenness(candidate: Candidate) -> float:
    """
    Measure how far the background of a candidate differs from even paper.

    Background grey values are compared with the contrast between foreground and background. Other
    foreground beside the candidate does not count, since it may be the next digit.

    :returns: the largest of the standard deviation of the background, 0.6 times the difference
        between its left and right side, both in contrasts, and twice the share of other foreground
        above and below; infinity without background
    """
    level = candidate.level
    left, top, width, height = candidate.box
    margin = max(MIN_MARGIN_PX, round(MARGIN * height))
    above, before = min(top, margin), min(left, margin)
    rows = slice(top - above, top + height + margin)
    columns = slice(left - before, left + width + margin)
    grey = np.ascontiguousarray(level.grey[rows, columns])
    own = candidate.mask(rows, columns)
    background: Mask = (cv2.dilate(level.mask[rows, columns], SOFT_EDGE) == 0).view(np.uint8)
    if not background.any():
        return np.inf
    mean, deviation = cv2.meanStdDev(grey, mask=background)
    background_mean = float(mean[0, 0])
    contrast = max(background_mean - cv2.mean(grey, mask=own)[0], 1.0)
    sides = (slice(0, max(before, 1)), slice(before + width, None))
    left_mean, right_mean = (
        _mean(grey[:, side], background[:, side], background_mean) for side in sides
    )
    other = (level.labels[rows, columns] > 0).view(np.uint8) - own
    clutter = _share(np.delete(other, slice(above, above + height), axis=0))
    return max(
        float(deviation[0, 0]) / contrast,
        GRADIENT_WEIGHT * abs(left_mean - right_mean) / contrast,
        CLUTTER_WEIGHT * clutter,
    )


def _mean(grey: Grey, mask: Mask, default: float) -> float:
    """Average the pixels of a mask; ``default`` if it is empty, as at the edge of the image."""
    if not mask.any():
        return default
    return float(cv2.mean(np.ascontiguousarray(grey), mask=np.ascontiguousarray(mask))[0])


def _share(mask: Mask) -> float:
    return float(mask.mean()) if mask.size else 0.0
