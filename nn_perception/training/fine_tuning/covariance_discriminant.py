"""
Discriminant analysis of more frames than features, by the covariance of the features.

The time grows with the frames, and with the square and the cube of the features; the memory does
not grow with the frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

from nn_perception.training.fine_tuning.discriminant import (
    add_products,
    class_weights,
    Classes,
    count_axes,
    Floats,
    is_above,
    left_out_folds,
    MANY_AXES,
    MIN_VARIANCE,
    Points,
    solve_positive,
)
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class _Moments:
    """
    Statistics of some of the points.

    :param centre: mean of the points, ``(D,)``
    :param factor: factor that gives their distances from it the mean square 1
    :param means: mean of each class from there, ``(C, D)``; 0 for a class without points
    :param within: covariance within the classes; lower triangle, ``(D, D)``
    :param axes: number of axes that the points span
    """

    centre: Floats
    factor: float
    means: Floats
    within: Floats
    axes: int

    def fit(self, shrinkage: float) -> tuple[Floats, Floats]:
        """Fit a linear layer to the points, from their mean and times their factor."""
        sphere = shrinkage / max(1, self.axes)
        share = 1.0 - shrinkage
        if not share:
            weight = self.means / sphere
        else:
            weight = solve_positive(self.within, sphere / share, self.means.T).T / share
        return weight, -0.5 * (weight * self.means).sum(axis=1)


def fit(
    embeddings: NDArray[np.floating],
    classes: Classes,
    count: int,
    shrinkage: float,
    temperature: float,
) -> tuple[Floats, Floats]:
    """
    Fit a linear layer, see :func:`nn_perception.training.fine_tuning.linear_head.fit`.

    :returns: weight, ``(C, D)``, and bias, ``(C,)``
    """
    points = Points(embeddings)
    moments = _moments(points, np.arange(len(classes)), classes, count)
    weight, bias = moments.fit(shrinkage)
    weight = weight * moments.factor / temperature
    bias = bias / temperature - weight @ moments.centre
    weight = weight * points.scale
    return weight, bias - weight @ points.mean


def left_out_logits(
    embeddings: NDArray[np.floating],
    classes: Classes,
    folds: Classes,
    count: int,
    shrinkages: Sequence[float],
) -> Floats:
    """
    Classify the frames of each fold by layers that are fitted to the other folds.

    :returns: logits with each of S shrinkages, ``(S, N, C)``
    """
    points = Points(embeddings)
    logits = np.zeros((len(shrinkages), len(classes), count))
    for fold in left_out_folds(folds):
        moments = _moments(points, np.flatnonzero(folds != fold), classes, count)
        layers = [moments.fit(shrinkage) for shrinkage in shrinkages]
        for rows, block in points.blocks(np.flatnonzero(folds == fold)):
            block -= moments.centre
            block *= moments.factor
            for at, (weight, bias) in enumerate(layers):
                logits[at, rows] = block @ weight.T + bias
    return logits


def _moments(points: Points, rows: NDArray[np.int64], classes: Classes, count: int) -> _Moments:
    """Compute the statistics of some points, in two passes over them."""
    sums, squares = _sums(points, rows, classes, count)
    frames = np.bincount(classes[rows], minlength=count)[:, None]
    centre = sums.sum(axis=0) / len(rows)
    variance = squares / len(rows) - float(centre @ centre)
    factor = 1.0 / (math.sqrt(max(variance, 0.0)) or 1.0)
    means = sums / np.maximum(frames, 1)
    weights = np.zeros(len(classes))
    weights[rows] = class_weights(classes[rows], count)
    within = np.zeros((len(centre), len(centre)), points.precision)
    for some, block in points.blocks(rows):
        block -= means[classes[some]].astype(block.dtype)
        block *= (factor * np.sqrt(weights[some])[:, None]).astype(block.dtype)
        add_products(within, block)
    axes = len(centre)
    # No point has a larger weight, so the squares of the points are at least these.
    least = MIN_VARIANCE * float(weights.max())
    if len(centre) <= MANY_AXES and not is_above(within, least):
        axes = _count_axes(points, rows, centre, factor)
    means = np.where(frames > 0, factor * (means - centre), 0.0)
    return _Moments(centre, factor, means, within, axes)


def _sums(
    points: Points, rows: NDArray[np.int64], classes: Classes, count: int
) -> tuple[Floats, float]:
    """Sum up the points of each class, ``(C, D)``, and the squares of their lengths."""
    # By class, so that the points of a class are next to each other in a block.
    by_class = rows[np.argsort(classes[rows], kind='stable')]
    sums, squares = np.zeros((count, points.shape[1])), 0.0
    for some, block in points.blocks(by_class):
        present, starts = np.unique(classes[some], return_index=True)
        sums[present] += np.add.reduceat(block, starts, axis=0)
        squares += float(np.einsum('nd,nd->', block, block))
    return sums, squares


def _count_axes(points: Points, rows: NDArray[np.int64], centre: Floats, factor: float) -> int:
    """Count the axes that some points span around their mean."""
    squares = np.zeros((len(centre), len(centre)))
    for _, block in points.blocks(rows):
        block -= centre
        block *= factor
        add_products(squares, block)
    return count_axes(squares)
