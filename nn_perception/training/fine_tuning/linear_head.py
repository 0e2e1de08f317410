"""
Teach a linear layer on embeddings: linear discriminant analysis with a shrunken covariance.

Each class is taken for a normal distribution, all with the same covariance (Fisher, 1936). That
of a few frames in thousands of dimensions is shrunk towards a sphere (Friedman, "Regularized
Discriminant Analysis", 1989); how far, cross-validation decides, which keeps the frames of one
burst together, as a test does. Closed formulas in numpy: no learning rate, a fraction of a second.
"""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.training.fine_tuning.temperature_scaling import cross_entropy, fit_temperature
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]

# What to choose from, the largest first, so that the more cautious one wins where two are as good.
SHRINKAGES = (0.8, 0.5, 0.3, 0.2, 0.1, 0.05)
# Logits of this covariance are far too certain, the more so the fewer frames there are.
TEMPERATURES = np.geomspace(0.5, 500.0, 61)
# Of a feature's deviation, where all frames have nearly the same value.
LEAST_DEVIATION = 1e-3
LEAST_VARIANCE = 1e-10


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

    def cooled(self, temperature: float) -> LinearHead:
        """Divide all logits by a temperature."""
        return LinearHead(self.weight / temperature, self.bias / temperature)


@dataclass(frozen=True)
class CrossValidationResult:
    """
    What cross-validation gave for a shrinkage.

    :param shrinkage: of the covariance, in ``(0, 1]``
    :param temperature: what its logits have to be divided by
    :param loss: mean cross-entropy of frames that were left out, classes weighing the same
    :param accuracy: share of them that was named rightly
    """

    shrinkage: float
    temperature: float
    loss: float
    accuracy: float


def choose_shrinkage(
    embeddings: NDArray[np.float32], classes: Classes, folds: Classes, count: int
) -> list[CrossValidationResult]:
    """
    Try every shrinkage by cross-validation.

    :param embeddings: ``(N, D)``
    :param classes: of each, ``(N,)``, ``0`` to ``count - 1``
    :param folds: which fold each belongs to, ``(N,)``
    :param count: how many classes there are
    :returns: one for each of ``SHRINKAGES``, the best one first
    """
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
        temperature = fit_temperature(found, classes, weights, TEMPERATURES)
        loss = cross_entropy(found / temperature, classes, weights)
        accuracy = float((found.argmax(axis=1) == classes).mean())
        results.append(CrossValidationResult(shrinkage, temperature, loss, accuracy))
    return sorted(results, key=lambda one: one.loss)


def fit(
    embeddings: NDArray[np.float32], classes: Classes, count: int, chosen: CrossValidationResult
) -> LinearHead:
    """
    Fit a linear layer; classes weigh the same, however many frames they have.

    :param embeddings: ``(N, D)``
    :param classes: of each, ``(N,)``, ``0`` to ``count - 1``; one that no frame has is taken to
        lie in the middle of all
    :param count: how many classes there are
    :param chosen: see :func:`choose_shrinkage`
    """
    points = _Points(embeddings)
    head = points.head(classes, count, chosen.shrinkage).cooled(chosen.temperature)
    return points.for_embeddings(head)


class _Points:
    """
    Frames as points, turned so that no more axes are in use than there are frames.

    Lengths and angles stay, so what is learned is the same, in a fraction of the time.

    :ivar values: float64, ``(N, R)``, their mean is 0 and their mean square length 1
    """

    def __init__(self, embeddings: NDArray[np.floating], *, scaled: bool = True) -> None:
        """
        Standardise and turn.

        :param scaled: whether each feature is to vary as much as any other
        """
        self._mean = embeddings.mean(axis=0, dtype=np.float64)
        features = embeddings - self._mean
        self._scale = np.ones(features.shape[1])
        if scaled:
            deviation = features.std(axis=0)
            least = max(LEAST_DEVIATION * float(deviation.max()), np.finfo(np.float64).tiny)
            self._scale = 1.0 / np.maximum(deviation, least)
        self._scale /= np.sqrt(((features * self._scale) ** 2).sum(axis=1).mean()) or 1.0
        self._features = features * self._scale
        squares, turned = np.linalg.eigh(self._features @ self._features.T)
        used = squares > LEAST_VARIANCE
        self._lengths = np.sqrt(squares[used])
        self._turned = turned[:, used]
        self.values: Floats = self._turned * self._lengths

    def head(self, classes: Classes, count: int, shrinkage: float) -> LinearHead:
        """Tell points like :attr:`values` apart, these themselves counted from their mean."""
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
        """Turn a head for points into one for what the points were made of."""
        weight = (head.weight / self._lengths) @ self._turned.T @ self._features * self._scale
        return LinearHead(weight, head.bias - weight @ self._mean)


def class_weights(classes: Classes, count: int) -> Floats:
    """Give each frame a weight, ``(N,)``, so that classes weigh the same and all weigh 1."""
    frames = np.bincount(classes, minlength=count)
    weights: Floats = (1.0 / np.maximum(frames, 1) / np.count_nonzero(frames))[classes]
    return weights
