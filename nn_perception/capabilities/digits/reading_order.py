"""Put digits in reading order."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.core.results import Digit
import numpy as np
from numpy.typing import NDArray

# In heights of a digit: how far the next one of a line may stand, and how much higher or lower.
FARTHEST = 2.0
LARGEST_STEP = 0.5
# Digits of one line differ in height at most by this factor.
LIKE_HEIGHT = 2.2


def in_lines(digits: Sequence[Digit]) -> tuple[tuple[Digit, ...], ...]:
    """
    Group digits into lines of writing.

    Each digit is linked to the next one on its right that stands at its height, so lines may
    lean. What is far apart is not one number.

    :returns: lines from top to bottom, those side by side from left to right; in each the digits
        from left to right
    """
    if not digits:
        return ()
    boxes = np.array([digit.bbox for digit in digits])
    owner = list(range(len(digits)))
    for one, other in _links(boxes):
        first, second = owner[one], owner[other]
        owner = [first if line == second else line for line in owner]
    lines = [
        sorted((i for i in range(len(digits)) if owner[i] == line), key=lambda i: boxes[i, 0])
        for line in sorted(set(owner))
    ]
    return tuple(tuple(digits[i] for i in line) for line in _ordered(lines, boxes))


def _links(boxes: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pair each box with the nearest on its right in the same line."""
    left, width, height = boxes[:, 0], boxes[:, 2], boxes[:, 3]
    middle_x, middle_y = left + width / 2, boxes[:, 1] + height / 2
    higher = np.maximum(height[:, None], height)
    lower = np.minimum(height[:, None], height)
    gap = left[None, :] - (left + width)[:, None]  # from row to column
    near = (gap < FARTHEST * higher) & (middle_x[None, :] > middle_x[:, None])
    near &= np.abs(middle_y[:, None] - middle_y) < LARGEST_STEP * higher
    near &= higher < LIKE_HEIGHT * lower
    distance = np.where(near, gap + 2 * np.abs(middle_y[:, None] - middle_y), np.inf)
    return [
        (i, int(np.argmin(distance[i])))
        for i in range(len(boxes))
        if np.isfinite(distance[i]).any()
    ]


def _ordered(lines: list[list[int]], boxes: NDArray[np.float64]) -> list[list[int]]:
    """Sort lines from top to bottom, those of one height from left to right."""
    middle = {
        i: float(np.mean(boxes[line, 1] + boxes[line, 3] / 2)) for i, line in enumerate(lines)
    }
    height = {i: float(np.mean(boxes[line, 3])) for i, line in enumerate(lines)}
    remaining = sorted(middle, key=lambda i: middle[i])
    ordered: list[list[int]] = []
    while remaining:
        top = remaining[0]
        band = [
            i for i in remaining
            if middle[i] - middle[top] < LARGEST_STEP * max(height[i], height[top])
        ]  # fmt: skip
        ordered += [lines[i] for i in sorted(band, key=lambda i: boxes[lines[i][0], 0])]
        remaining = [i for i in remaining if i not in band]
    return ordered
