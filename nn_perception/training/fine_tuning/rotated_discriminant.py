"""
Discriminant analysis of few frames: they are rotated so that there are no more axes than frames.

Lengths and angles stay the same, and so does the result, in a fraction of the time. The time grows
with the cube of the frames.
"""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.training.fine_tuning.discriminant import (
    class_weights,
    Classes,
    Floats,
    left_out_folds,
    MIN_DEVIATION,
    MIN_VARIANCE,
)
import numpy as np
from numpy.typing import NDArray


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
    return _RotatedPoints(embeddings).fit(classes, count, shrinkage, temperature)


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
    points = _RotatedPoints(embeddings).values
    logits = np.zeros((len(shrinkages), len(classes), count))
    for fold in left_out_folds(folds):
        left_out = folds == fold
        known = _RotatedPoints(points[~left_out], scaled=False)
        for at, shrinkage in enumerate(shrinkages):
            weight, bias = known.fit(classes[~left_out], count, shrinkage, 1.0)
            logits[at, left_out] = points[left_out] @ weight.T + bias
    return logits


class _RotatedPoints:
    """
    Frames as points, rotated so that there are no more axes than frames.

    :ivar values: float64, ``(N, R)``, with mean 0 and mean square length 1

    :param embeddings: ``(N, D)``
    :param scaled: scale each feature to the same variance
    """

    def __init__(self, embeddings: NDArray[np.floating], *, scaled: bool = True) -> None:
        self._mean = embeddings.mean(axis=0, dtype=np.float64)
        features = embeddings - self._mean
        self._scale = np.ones(features.shape[1])
        if scaled:
            deviation = features.std(axis=0)
            least = max(MIN_DEVIATION * float(deviation.max()), np.finfo(np.float64).tiny)
            self._scale = 1.0 / np.maximum(deviation, least)
        self._scale /= np.sqrt(((features * self._scale) ** 2).sum(axis=1).mean()) or 1.0
        self._features = features * self._scale
        squares, rotated = np.linalg.eigh(self._features @ self._features.T)
        used = squares > MIN_VARIANCE
        self._lengths = np.sqrt(squares[used])
        self._rotated = rotated[:, used]
        self.values: Floats = self._rotated * self._lengths

    def fit(
        self, classes: Classes, count: int, shrinkage: float, temperature: float
    ) -> tuple[Floats, Floats]:
        """Fit a linear layer to the embeddings."""
        points = self.values
        means = np.zeros((count, points.shape[1]))
        for one in np.unique(classes):
            means[one] = points[classes == one].mean(axis=0)
        within = points - means[classes]
        covariance = (within.T * class_weights(classes, count)) @ within
        sphere = np.eye(len(covariance)) / max(1, len(covariance))
        weight = np.linalg.solve((1.0 - shrinkage) * covariance + shrinkage * sphere, means.T).T
        bias = -0.5 * (weight * means).sum(axis=1) / temperature
        weight = weight / temperature
        weight = (weight / self._lengths) @ self._rotated.T @ self._features * self._scale
        return weight, bias - weight @ self._mean
