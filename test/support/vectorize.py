"""Turn pictures of digits into strokes of a pen."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

ENLARGED = 4
NEIGHBOURS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
# Shorter pieces are spurs of the thinning, in enlarged pixels.
MIN_POINTS = 6

Place = tuple[int, int]


def to_strokes(image: NDArray[np.uint8]) -> list[list[tuple[float, float]]]:
    """
    Follow the middle of the strokes of a digit.

    :param image: uint8, ``(28, 28)``
    :returns: paths of x and y in pixels of the image
    """
    size = (image.shape[1] * ENLARGED, image.shape[0] * ENLARGED)
    large = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    thin = _thinned(cv2.GaussianBlur(large, (0, 0), 2) > 110)
    left = {(int(y), int(x)) for y, x in np.argwhere(thin)}
    strokes: list[list[Place]] = []
    while left:
        ends = [place for place in sorted(left) if len(_near(place, left)) == 1]
        strokes.append(_walk(ends[0] if ends else min(left), left))
    longest = max(len(stroke) for stroke in strokes)
    kept = [stroke for stroke in strokes if len(stroke) >= min(MIN_POINTS, longest)]
    return [_joined(stroke, thin) for stroke in kept]


def _walk(place: Place, left: set[Place]) -> list[Place]:
    """Follow a path straight on as long as it goes on; take it away."""
    path = [place]
    left.discard(place)
    while near := _near(path[-1], left):
        before = path[max(len(path) - 5, 0)]
        here = path[-1]
        ahead = (here[0] - before[0], here[1] - before[1])
        step = max(
            near, key=lambda one: ahead[0] * (one[0] - here[0]) + ahead[1] * (one[1] - here[1])
        )
        path.append(step)
        left.discard(step)
    return path


def _joined(stroke: list[Place], thin: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Close the gap to what was drawn before, and return pixels of the image."""
    places = {(int(y), int(x)) for y, x in np.argwhere(thin)} - set(stroke)
    first, last = _near(stroke[0], places), _near(stroke[-1], places)
    whole = [*first[:1], *stroke, *last[:1]]
    return [((x + 0.5) / ENLARGED, (y + 0.5) / ENLARGED) for y, x in whole]


def _near(place: Place, places: set[Place]) -> list[Place]:
    around = [(place[0] + dy, place[1] + dx) for dy, dx in NEIGHBOURS]
    return [one for one in around if one in places]


def _thinned(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Thin lines to one pixel (T. Y. Zhang and C. Y. Suen, 1984)."""
    thin = np.pad(mask, 1).astype(np.uint8)
    while True:
        before = thin.copy()
        for first in (True, False):
            around = [np.roll(thin, (-dy, -dx), (0, 1)) for dy, dx in NEIGHBOURS]
            up, right, down, left = around[0], around[2], around[4], around[6]
            rises = sum(
                (one == 0) & (other == 1)
                for one, other in zip(around, around[1:] + around[:1], strict=True)
            )
            count = sum(one.astype(int) for one in around)
            if first:
                side = (up * right * down == 0) & (right * down * left == 0)
            else:
                side = (up * right * left == 0) & (up * down * left == 0)
            thin[(thin == 1) & (count >= 2) & (count <= 6) & (rises == 1) & side] = 0
        if np.array_equal(before, thin):
            return thin[1:-1, 1:-1] == 1
