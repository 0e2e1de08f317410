"""Whether scores mean what they say: of the answers with a score of 0.8, 80 % should be right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 10
# Few frames that are all named rightly would ask for any certainty.
TEMPERATURES = np.geomspace(0.5, 16.0, 81)


def calibration_error(scores: NDArray[np.floating], truth: NDArray[np.int64]) -> float:
    """
    Compute the expected calibration error (Naeini et al., 2015) over ten bins of the best score.

    :param scores: probabilities, ``(N, C)``, N at least 1
    :param truth: the right class of each, ``(N,)``
    :returns: mean distance between score and share of right answers, in ``[0, 1]``
    """
    best, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    bins = np.minimum((best * BINS).astype(np.int64), BINS - 1)
    distance = np.bincount(bins, best - right, minlength=BINS)
    return float(np.abs(distance).sum() / len(truth))


def cross_entropy(
    logits: NDArray[np.floating], truth: NDArray[np.int64], weights: NDArray[np.floating]
) -> float:
    """
    Compute the weighted mean of how improbable the truth was found.

    :param logits: ``(N, C)``
    :param truth: the right class of each, ``(N,)``
    :param weights: of each, ``(N,)``, 1 together
    """
    highest = logits.max(axis=1)
    log_sums = np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return float(weights @ (log_sums - (logits[np.arange(len(truth)), truth] - highest)))


def fit_temperature(
    logits: NDArray[np.floating],
    truth: NDArray[np.int64],
    weights: NDArray[np.floating] | None = None,
    temperatures: NDArray[np.floating] = TEMPERATURES,
) -> float:
    """
    Find what to divide logits by, so that scores mean what they say (Guo et al., "On Calibration
    of Modern Neural Networks", 2017).

    :param logits: of frames that were not learned from, ``(N, C)``
    :param truth: the right class of each, ``(N,)``
    :param weights: of each, ``(N,)``, 1 together; by default all weigh the same
    :param temperatures: to choose from
    """
    if weights is None:
        weights = np.full(len(truth), 1.0 / len(truth))
    losses = [cross_entropy(logits / temperature, truth, weights) for temperature in temperatures]
    return float(temperatures[int(np.argmin(losses))])
