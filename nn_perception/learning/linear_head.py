"""
Teach a linear layer on embeddings: softmax regression with a penalty on the weights.

Minimised by L-BFGS (Nocedal and Wright, "Numerical Optimization", 2006, algorithm 7.4), which on
this convex loss needs no learning rate. How strong the penalty is, cross-validation decides; it
keeps the frames of one burst together, as a test does. In numpy, since importing torch would take
longer than all of this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]
Loss = Callable[[Floats], tuple[float, Floats]]

# Penalties to choose from, for features whose length is 1 in the mean; the largest first, so that
# the more cautious one wins where two are as good.
PENALTIES = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5)
MEMORY = 10
MOST_STEPS = 200
TOLERANCE = 1e-4
SUFFICIENT_DECREASE = 1e-4
MOST_HALVINGS = 30


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
class ValidatedPenalty:
    """
    What cross-validation gave for a penalty.

    :param penalty: on the mean square of the weights
    :param loss: mean cross-entropy of frames that were left out, classes weighing the same
    :param accuracy: share of them that was named rightly
    """

    penalty: float
    loss: float
    accuracy: float


def choose_penalty(
    embeddings: NDArray[np.float32], classes: Classes, folds: Classes, count: int
) -> list[ValidatedPenalty]:
    """
    Try every penalty by cross-validation.

    :param embeddings: ``(N, D)``
    :param classes: of each, ``(N,)``, ``0`` to ``count - 1``
    :param folds: which fold each belongs to, ``(N,)``
    :param count: how many classes there are
    :returns: one for each of ``PENALTIES``, the best one first
    """
    weights = class_weights(classes, count)
    embeddings, _ = _fewer_axes(embeddings)
    results = []
    for penalty in PENALTIES:
        logits = np.zeros((len(classes), count))
        for fold in np.unique(folds):
            left_out = folds == fold
            head = fit(embeddings[~left_out], classes[~left_out], count, penalty)
            logits[left_out] = head.logits(embeddings[left_out])
        loss, _ = _cross_entropy(logits, classes, weights)
        accuracy = float((logits.argmax(axis=1) == classes).mean())
        results.append(ValidatedPenalty(penalty, loss, accuracy))
    return sorted(results, key=lambda one: one.loss)


def fit(
    embeddings: NDArray[np.float32], classes: Classes, count: int, penalty: float
) -> LinearHead:
    """
    Fit a linear layer; classes weigh the same, however many frames they have.

    :param embeddings: ``(N, D)``
    :param classes: of each, ``(N,)``, ``0`` to ``count - 1``
    :param count: how many classes there are
    :param penalty: above 0
    """
    mean = embeddings.mean(axis=0, dtype=np.float64)
    features, axes = _fewer_axes(embeddings - mean)
    scale = float(np.sqrt((features**2).sum(axis=1).mean())) or 1.0
    features /= scale
    weights = class_weights(classes, count)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weight = flat.reshape(count, -1)  # (C, D + 1), the bias last
        logits = features @ weight[:, :-1].T + weight[:, -1]
        value, slope = _cross_entropy(logits, classes, weights)
        gradient = np.empty_like(weight)
        gradient[:, :-1] = slope.T @ features + penalty * weight[:, :-1]
        gradient[:, -1] = slope.sum(axis=0)
        return value + 0.5 * penalty * float((weight[:, :-1] ** 2).sum()), gradient.ravel()

    found = minimise(loss, np.zeros(count * (features.shape[1] + 1))).reshape(count, -1)
    weight = found[:, :-1] @ axes.T / scale
    return LinearHead(weight, found[:, -1] - weight @ mean)


def _fewer_axes(
    embeddings: NDArray[np.floating],
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """
    Turn embeddings so that no more axes are in use than there are frames.

    Lengths and angles stay, so what is learned is the same, in a fraction of the time.

    :param embeddings: ``(N, D)``
    :returns: ``(N, R)`` with R the smaller of N and D, and the axes, ``(D, R)``
    """
    axes, turned = np.linalg.qr(embeddings.T)
    return turned.T, axes


def class_weights(classes: Classes, count: int) -> Floats:
    """Give each frame a weight, ``(N,)``, so that classes weigh the same and all weigh 1."""
    frames = np.bincount(classes, minlength=count)
    weights: Floats = (1.0 / np.maximum(frames, 1) / np.count_nonzero(frames))[classes]
    return weights


def minimise(loss: Loss, start: Floats) -> Floats:
    """
    Find the minimum of a convex function.

    :param loss: gives the value and the gradient at a place, ``(P,)``
    :param start: where to begin, ``(P,)``
    """
    place, (value, gradient) = start, loss(start)
    pairs: deque[tuple[Floats, Floats]] = deque(maxlen=MEMORY)
    enough = TOLERANCE * max(1e-8, float(np.linalg.norm(gradient)))
    for _ in range(MOST_STEPS):
        if np.linalg.norm(gradient) <= enough:
            break
        direction = _newton_like(gradient, pairs)
        slope = float(gradient @ direction)
        length = 1.0
        for _ in range(MOST_HALVINGS):
            next_place = place + length * direction
            next_value, next_gradient = loss(next_place)
            if next_value <= value + SUFFICIENT_DECREASE * length * slope:
                break
            length *= 0.5
        else:
            break  # as low as the precision of the numbers allows
        step, change = next_place - place, next_gradient - gradient
        if float(step @ change) > 0.0:
            pairs.append((step, change))
        place, value, gradient = next_place, next_value, next_gradient
    return place


def _newton_like(gradient: Floats, pairs: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Multiply the gradient by an estimate of the inverse Hessian, from the last steps."""
    direction = -gradient
    if not pairs:
        return direction
    shares = []
    for step, change in reversed(pairs):
        share = float(step @ direction) / float(step @ change)
        direction = direction - share * change
        shares.append(share)
    step, change = pairs[-1]
    direction = direction * (float(step @ change) / float(change @ change))
    for (step, change), share in zip(pairs, reversed(shares), strict=True):
        correction = float(change @ direction) / float(step @ change)
        direction = direction + (share - correction) * step
    return direction


def _cross_entropy(logits: Floats, classes: Classes, weights: Floats) -> tuple[float, Floats]:
    """
    Compute the weighted cross-entropy and its gradient.

    :param weights: of each row, ``(N,)``, 1 together
    :returns: the loss, and its derivative by the logits, ``(N, C)``
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(shifted).sum(axis=1))
    rows = np.arange(len(classes))
    loss = float(weights @ (log_sums - shifted[rows, classes]))
    slope = np.exp(shifted - log_sums[:, None])
    slope[rows, classes] -= 1.0
    return loss, slope * weights[:, None]
