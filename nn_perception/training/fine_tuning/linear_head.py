"""
A linear layer on embeddings, fitted by linear discriminant analysis with a shrunken covariance.

Each class is modelled as a normal distribution, all with the same covariance (Fisher, 1936). The
covariance of a few frames in thousands of dimensions is shrunk towards a sphere (Friedman,
"Regularized Discriminant Analysis", 1989). Cross-validation chooses how far; it keeps the frames
of a burst in one fold, as the split does. These are closed formulas in numpy: no learning rate,
and a fraction of a second. Temperature scaling brings the scores close to the share of right
answers.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]

# The largest first, so that the more cautious one is chosen when two are equally good.
SHRINKAGES = (0.8, 0.5, 0.3, 0.2, 0.1, 0.05)
# Logits from this covariance are far too certain, the more so the fewer frames there are.
TEMPERATURES_OF_FOLDS = np.geomspace(0.5, 500.0, 61)
# Bounded, since a few frames that are all classified correctly would allow any certainty.
TEMPERATURES = np.geomspace(0.5, 16.0, 81)
# Smallest standard deviation of a feature, as a share of the largest one.
MIN_DEVIATION = 1e-3
MIN_VARIANCE = 1e-10


@dataclass(frozen=True)
class LinearHead:
    """
    A linear layer.

    :param weight: float64, ``(C, D)``
    :param bias: float64, ``(C,)``
    """

    weight: Floats
    bias: Floats

    def logits(self, embeddings: NDArray[np.floating]) -> Floats:
        """Classify ``(N, D)`` into logits ``(N, C)``."""
        logits: Floats = embeddings @ self.weight.T + self.bias
        return logits

    def temperature_scaled(self, temperature: float) -> LinearHead:
        """Divide all logits by a temperature."""
        return LinearHead(self.weight / temperature, self.bias / temperature)


@dataclass(frozen=True)
class CrossValidationResult:
    """
    The result of cross-validation with one shrinkage.

    :param shrinkage: of the covariance, in ``(0, 1]``
    :param temperature: best divisor of the logits
    :param loss: mean cross-entropy of the frames that were left out, with equal weight for each
        class
    :param accuracy: share of these frames that were classified correctly; None if nothing could be
        left out
    """

    shrinkage: float
    temperature: float
    loss: float
    accuracy: float | None


def cross_validate(
    embeddings: NDArray[np.float32], classes: Classes, folds: Classes, count: int
) -> list[CrossValidationResult]:
    """
    Evaluate each shrinkage by cross-validation.

    :param embeddings: ``(N, D)``
    :param classes: class of each frame, ``(N,)``, ``0`` to ``count - 1``
    :param folds: fold of each frame, ``(N,)``
    :param count: number of classes
    :returns: one result for each of ``SHRINKAGES``, the best one first; if all frames are in one
        fold, only the most cautious one
    """
    if len(np.unique(folds)) < 2:
        return [CrossValidationResult(SHRINKAGES[0], TEMPERATURES_OF_FOLDS[0], math.inf, None)]
    weights = class_weights(classes, count)
    points = _Points(embeddings)
    logits = np.zeros((len(SHRINKAGES), len(classes), count))
    for fold in np.unique(folds):
        left_out = folds == fold
        known = _Points(points.values[~left_out], scaled=False)
        for at, shrinkage in enumerate(SHRINKAGES):
            head = known.head(classes[~left_out], count, shrinkage)
            head = known.for_embeddings(head)
            logits[at, left_out] = head.logits(points.values[left_out])
    results = []
    for shrinkage, found in zip(SHRINKAGES, logits, strict=True):
        temperature = fit_temperature(found, classes, weights, TEMPERATURES_OF_FOLDS)
        loss = cross_entropy(found / temperature, classes, weights)
        accuracy = float((found.argmax(axis=1) == classes).mean())
        results.append(CrossValidationResult(shrinkage, temperature, loss, accuracy))
    return sorted(results, key=lambda result: result.loss)


def fit(
    embeddings: NDArray[np.float32], classes: Classes, count: int, chosen: CrossValidationResult
) -> LinearHead:
    """
    Fit a linear layer; classes have equal weight, however many frames they have.

    :param embeddings: ``(N, D)``
    :param classes: class of each frame, ``(N,)``, ``0`` to ``count - 1``; a class without frames
        is placed at the mean of all frames
    :param count: number of classes
    :param chosen: shrinkage and temperature, see :func:`cross_validate`
    """
    points = _Points(embeddings)
    head = points.head(classes, count, chosen.shrinkage).temperature_scaled(chosen.temperature)
    return points.for_embeddings(head)


def class_weights(classes: Classes, count: int) -> Floats:
    """Return the weight of each frame, ``(N,)``: classes are equal, and the sum is 1."""
    frames = np.bincount(classes, minlength=count)
    weights: Floats = (1.0 / np.maximum(frames, 1) / np.count_nonzero(frames))[classes]
    return weights


def fit_temperature(
    logits: NDArray[np.floating],
    truth: NDArray[np.int64],
    weights: NDArray[np.floating] | None = None,
    temperatures: NDArray[np.floating] = TEMPERATURES,
) -> float:
    """
    Find the temperature with the smallest cross-entropy (temperature scaling: Guo et al., "On
    Calibration of Modern Neural Networks", 2017).

    :param logits: logits of frames that were not trained on, ``(N, C)``
    :param truth: the right class of each frame, ``(N,)``
    :param weights: weight of each frame, ``(N,)``, their sum is 1; by default all are equal
    :param temperatures: the temperatures to choose from
    """
    if weights is None:
        weights = np.full(len(truth), 1.0 / len(truth))
    losses = [cross_entropy(logits / temperature, truth, weights) for temperature in temperatures]
    return float(temperatures[int(np.argmin(losses))])


def cross_entropy(
    logits: NDArray[np.floating], truth: NDArray[np.int64], weights: NDArray[np.floating]
) -> float:
    """
    Compute the weighted mean of the negative log-likelihood.

    :param logits: ``(N, C)``
    :param truth: the right class of each frame, ``(N,)``
    :param weights: weight of each frame, ``(N,)``, their sum is 1
    """
    highest = logits.max(axis=1)
    log_sums = np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return float(weights @ (log_sums - (logits[np.arange(len(truth)), truth] - highest)))


class _Points:
    """
    Frames as points, rotated so that there are no more axes than frames.

    Lengths and angles stay the same, and so does the result, in a fraction of the time.

    :ivar values: float64, ``(N, R)``, with mean 0 and mean square length 1
    """

    def __init__(self, embeddings: NDArray[np.floating], *, scaled: bool = True) -> None:
        """
        Standardise and rotate.

        :param scaled: scale each feature to the same variance
        """
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

    def head(self, classes: Classes, count: int, shrinkage: float) -> LinearHead:
        """Fit a head to :attr:`values`, whose mean is 0."""
        points = self.values
        means = np.zeros((count, points.shape[1]))
        for one in np.unique(classes):
            means[one] = points[classes == one].mean(axis=0)
        within = points - means[classes]
        covariance = (within.T * class_weights(classes, count)) @ within
        sphere = np.eye(len(covariance)) / max(1, len(covariance))
        weight = np.linalg.solve((1.0 - shrinkage) * covariance + shrinkage * sphere, means.T).T
        return LinearHead(weight, -0.5 * (weight * means).sum(axis=1))

    def for_embeddings(self, head: LinearHead) -> LinearHead:
        """Turn a head for :attr:`values` into one for the embeddings that they were made from."""
        weight = (head.weight / self._lengths) @ self._rotated.T @ self._features * self._scale
        return LinearHead(weight, head.bias - weight @ self._mean)
