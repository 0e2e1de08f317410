"""Judge the ground that a candidate stands on: writing stands on an even one."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.detector import Candidate
from nn_perception.capabilities.digits.foreground import Mask
import numpy as np

MARGIN = 0.6  # heights of the candidate
LEAST_MARGIN_PX = 3
# Soft edges of strokes are neither ink nor ground.
SOFT_EDGE = np.ones((5, 5), np.uint8)
# Other ink above or below weighs more than the grain of the ground.
WEIGHT_OF_OTHER_INK = 2.0
# Light that falls from one side is no flaw of paper.
WEIGHT_OF_SIDES = 0.6


def unevenness(candidate: Candidate) -> float:
    """
    Measure how far the ground around a candidate is from that of paper.

    :returns: the largest of three: deviation of the ground's grey values and 0.6 times the
        difference between its sides, both in contrasts of ink and ground; and twice the share of
        other ink above and below, since what stands beside may be the next digit
    """
    level = candidate.level
    left, top, width, height = candidate.box
    margin = max(LEAST_MARGIN_PX, round(MARGIN * height))
    above, before = min(top, margin), min(left, margin)
    rows = slice(top - above, top + height + margin)
    columns = slice(left - before, left + width + margin)
    grey = np.ascontiguousarray(level.grey[rows, columns])
    own = candidate.own_ink(rows, columns)
    free: Mask = (cv2.dilate(level.mask[rows, columns], SOFT_EDGE) == 0).view(np.uint8)
    if not free.any():
        return np.inf
    mean, deviation = cv2.meanStdDev(grey, mask=free)
    ground = float(mean[0, 0])
    contrast = max(ground - cv2.mean(grey, mask=own)[0], 1.0)
    sides = (slice(0, max(before, 1)), slice(before + width, None))
    on_left, on_right = (_mean(grey[:, side], free[:, side], ground) for side in sides)
    other = (level.labels[rows, columns] > 0).view(np.uint8) - own
    other_share = _share(np.delete(other, slice(above, above + height), axis=0))
    return max(
        float(deviation[0, 0]) / contrast,
        WEIGHT_OF_SIDES * abs(on_left - on_right) / contrast,
        WEIGHT_OF_OTHER_INK * other_share,
    )


def _mean(grey: Mask, chosen: Mask, default: float) -> float:
    """Average the chosen pixels; ``default`` where there are none, at the picture's edge."""
    if not chosen.any():
        return default
    return float(cv2.mean(np.ascontiguousarray(grey), mask=np.ascontiguousarray(chosen))[0])


def _share(chosen: Mask) -> float:
    return float(chosen.mean()) if chosen.size else 0.0
