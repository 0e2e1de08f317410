"""Digits to begin with."""

from __future__ import annotations

from functools import cache

from nn_perception.training.digits.pen_digits import FORMS, smooth_curve
import numpy as np
from numpy.typing import NDArray

# A stroke: x to the right and y down, from 0 to 1.
Points = list[list[float]]


# The form of each digit that is an example; with its wide flag, the first form of a one is a seven
# to a network that has learned from MNIST.
FORM = {1: 2}
# Straight strokes get points on their way too, because the pad rounds the path between points.
STEPS = 10


@cache
def example_strokes() -> dict[str, list[Points]]:
    """Return the strokes of an example of each digit."""
    return {
        str(digit): [_points(bent, points) for bent, points in forms[FORM.get(digit, 0)]]
        for digit, forms in FORMS.items()
    }


def _points(bent: bool, points: tuple[tuple[float, float], ...]) -> Points:
    path = np.array(points)
    path = smooth_curve(path) if bent else _subdivided(path)
    return [[round(float(x), 3), round(float(y), 3)] for x, y in path]


def _subdivided(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add points between those of a path, ``(N, 2)``."""
    places = np.linspace(0, len(path) - 1, (len(path) - 1) * STEPS + 1)
    corners = np.arange(len(path))
    return np.stack([np.interp(places, corners, path[:, axis]) for axis in (0, 1)], axis=1)
