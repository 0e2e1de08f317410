"""Put digits in reading order."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.core.results import Digit
import numpy as np
from numpy.typing import NDArray

# Digits of one line: gap and vertical offset in heights of the higher one, ratio of heights.
MAX_GAP = 2.0
MAX_VERTICAL_OFFSET = 0.5
MAX_HEIGHT_RATIO = 2.2


def group_into_lines(digits: Sequence[Digit]) -> tuple[tuple[Digit, ...], ...]:
    """
    Group digits into lines of text.

    Each digit is linked to the nearest one on its right at its height, so lines may be slanted.
    Digits that are far apart are not one number.

    :returns: lines from top to bottom, those side by side from left to right; the digits of a line
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
    return tuple(tuple(digits[i] for i in line) for line in _sorted(lines, boxes))


def _links(boxes: NDArray[np.float64]) -> list[tuple[int, int]]:
    """
    Pair each box with the nearest one on its right in the same line.

    :param boxes: ``(N, 4)``, left, top, width and height
    """
    left, width, height = boxes[:, 0], boxes[:, 2], boxes[:, 3]
    middle_x, middle_y = left + width / 2, boxes[:, 1] + height / 2
    higher = np.maximum(height[:, None], height)
    lower = np.minimum(height[:, None], height)
    gap = left[None, :] - (left + width)[:, None]  # from row to column
    offset = np.abs(middle_y[:, None] - middle_y)
    close = (gap < MAX_GAP * higher) & (middle_x[None, :] > middle_x[:, None])
    close &= offset < MAX_VERTICAL_OFFSET * higher
    close &= higher < MAX_HEIGHT_RATIO * lower
    distance = np.where(close, gap + 2 * offset, np.inf)
    return [
        (i, int(np.argmin(distance[i])))
        for i in range(len(boxes))
        if np.isfinite(distance[i]).any()
    ]


def _sorted(lines: list[list[int]], boxes: NDArray[np.float64]) -> list[list[int]]:
    """Sort lines from top to bottom, those at one height from left to right."""
    middle = {
        i: float(np.mean(boxes[line, 1] + boxes[line, 3] / 2)) for i, line in enumerate(lines)
    }
    height = {i: float(np.mean(boxes[line, 3])) for i, line in enumerate(lines)}
    remaining = sorted(middle, key=lambda i: middle[i])
    result: list[list[int]] = []
    while remaining:
        top = remaining[0]
        band = [
            i for i in remaining
            if middle[i] - middle[top] < MAX_VERTICAL_OFFSET * max(height[i], height[top])
        ]  # fmt: skip
        result += [lines[i] for i in sorted(band, key=lambda i: boxes[lines[i][0], 0])]
        remaining = [i for i in remaining if i not in band]
    return result
