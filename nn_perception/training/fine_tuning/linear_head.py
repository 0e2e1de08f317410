"""
A linear layer on embeddings, fitted by linear discriminant analysis with a shrunken covariance.

Each class is modelled as a normal distribution, all with the same covariance (Fisher, 1936). The
covariance of a few frames in thousands of dimensions is shrunk towards a sphere (Friedman,
"Regularized Discriminant Analysis", 1989). Cross-validation chooses how far; it keeps the frames
of a burst in one fold, as the split does. These are closed formulas in numpy: no learning rate,
and a fraction of a second for few frames. There are three ways
to the same result: the time grows with the cube of the frames up to the number of features, and
with the frames beyond. Temperature scaling brings the scores close to the share of right answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Protocol

from nn_perception.training.fine_tuning import (
    covariance_discriminant,
    gram_discriminant,
    rotated_discriminant,
)
from nn_perception.training.fine_tuning.discriminant import class_weights, Classes, Floats
import numpy as np
from numpy.typing import NDArray

# The largest first, so that the more cautious one is chosen when two are equally good.
SHRINKAGES = (0.8, 0.5, 0.3, 0.2, 0.1, 0.05)
# Logits from this covariance are far too certain, the more so the fewer frames there are.
TEMPERATURES_OF_FOLDS = np.geomspace(0.5, 500.0, 61)
# Bounded, since a few frames that are all classified correctly would allow any certainty.
TEMPERATURES = np.geomspace(0.5, 16.0, 81)
# So many frames are rotated in a second; for more, another way is quicker.
FEW_FRAMES = 1000
# With more frames, no more folds are left out than have so many frames together: the choice of the
# shrinkage does not change any more, and the time would be several times as long.
MANY_FRAMES = 4000
ENOUGH_LEFT_OUT = 1500


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
    embeddings: NDArray[np.float32],
    classes: Classes,
    folds: Classes,
    count: int,
    measured: NDArray[np.bool_] | None = None,
) -> list[CrossValidationResult]:
    """
    Evaluate each shrinkage by cross-validation.

    :param embeddings: ``(N, D)``
    :param classes: class of each frame, ``(N,)``, ``0`` to ``count - 1``
    :param folds: fold of each frame, ``(N,)``
    :param count: number of classes
    :param measured: which frames count; the others, augmented copies of them, only help to fit.
        ``(N,)``, by default all
    :returns: one result for each of ``SHRINKAGES``, the best one first; if all frames are in one
        fold, only the most cautious one
    """
    if len(np.unique(folds)) < 2:
        return [CrossValidationResult(SHRINKAGES[0], TEMPERATURES_OF_FOLDS[0], math.inf, None)]
    way, folds = _way(embeddings), _used_folds(folds)
    logits = way.left_out_logits(embeddings, classes, folds, count, SHRINKAGES)
    left_out = folds >= 0 if measured is None else (folds >= 0) & measured
    truth = classes[left_out]
    weights = class_weights(truth, count)
    results = []
    for shrinkage, found in zip(SHRINKAGES, logits[:, left_out], strict=True):
        temperature = fit_temperature(found, truth, weights, TEMPERATURES_OF_FOLDS)
        loss = cross_entropy(found / temperature, truth, weights)
        accuracy = float((found.argmax(axis=1) == truth).mean())
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
    way, temperature = _way(embeddings), chosen.temperature
    return LinearHead(*way.fit(embeddings, classes, count, chosen.shrinkage, temperature))


def _used_folds(folds: Classes) -> Classes:
    """Mark the frames of many that need not be left out with the fold -1."""
    if len(folds) <= MANY_FRAMES:
        return folds
    # The last first: a class with a single burst is in the first one.
    numbers, frames = (values[::-1] for values in np.unique(folds, return_counts=True))
    used = numbers[np.cumsum(frames) - frames < ENOUGH_LEFT_OUT]
    return np.where(np.isin(folds, used), folds, -1)


class _Way(Protocol):
    def fit(
        self,
        embeddings: NDArray[np.floating],
        classes: Classes,
        count: int,
        shrinkage: float,
        temperature: float,
    ) -> tuple[Floats, Floats]: ...

    def left_out_logits(
        self,
        embeddings: NDArray[np.floating],
        classes: Classes,
        folds: Classes,
        count: int,
        shrinkages: Sequence[float],
    ) -> Floats: ...


def _way(embeddings: NDArray[np.floating]) -> _Way:
    """Choose the quickest of the ways to the same result."""
    count, features = embeddings.shape
    if count <= FEW_FRAMES:
        return rotated_discriminant
    return covariance_discriminant if count > features else gram_discriminant


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
