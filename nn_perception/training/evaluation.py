"""Evaluation of a classifier: confusion matrix, recall, precision and calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True)
class Evaluation:
    """
    Predictions of a classifier for examples whose label is known.

    :param labels: names of the classes
    :param confusion: number of examples, int64, ``(C, C)``; row: truth, column: prediction
    """

    labels: tuple[str, ...]
    confusion: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Share of correct predictions; NaN without examples."""
        return float(_ratio(np.trace(self.confusion), self.confusion.sum()))

    @property
    def recall(self) -> NDArray[np.float64]:
        """Share of correct predictions for each class's examples, ``(C,)``; NaN without any."""
        return _ratio(np.diagonal(self.confusion), self.confusion.sum(axis=1))

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of each class's predictions that are correct, ``(C,)``; NaN without any."""
        return _ratio(np.diagonal(self.confusion), self.confusion.sum(axis=0))

    def to_json(self) -> dict[str, Any]:
        """Return numbers, texts and lists, with None in place of NaN."""
        return {
            'labels': list(self.labels),
            'examples': int(self.confusion.sum()),
            'errors': int(self.confusion.sum() - np.trace(self.confusion)),
            'accuracy': _or_none(self.accuracy),
            'recall': [_or_none(value) for value in self.recall],
            'precision': [_or_none(value) for value in self.precision],
            'confusion': self.confusion.tolist(),
        }


def evaluate_predictions(
    truth: NDArray[Any], predicted: NDArray[Any], labels: tuple[str, ...]
) -> Evaluation:
    """
    Compare predictions with the truth.

    :param truth: class of each example, any integer type, ``(N,)``, ``0`` to ``C - 1``
    :param predicted: predicted class of each example, likewise
    :param labels: names of the ``C`` classes
    :raises ValueError: if the shapes differ or a class is out of range
    """
    if truth.ndim != 1 or truth.shape != predicted.shape:
        raise ValueError(
            f'expected two arrays of the same length, got {truth.shape} and {predicted.shape}'
        )
    count = len(labels)
    both = np.stack([truth, predicted]).astype(np.int64)  # (2, N)
    if both.size and not (both.min() >= 0 and both.max() < count):
        raise ValueError(f'classes must be 0 to {count - 1}, got {both.min()} to {both.max()}')
    confusion = np.bincount(both[0] * count + both[1], minlength=count * count)
    return Evaluation(labels, confusion.reshape(count, count).astype(np.int64))


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Turn each row of ``(N, C)`` into probabilities."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    scores: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return scores


def calibration_error(logits: NDArray[np.floating], truth: NDArray[np.int64]) -> float:
    """
    Compute the expected calibration error (Naeini et al., 2015), with ten bins of the best score.

    A classifier is calibrated if 80 % of its answers with a score of 0.8 are right.

    :param logits: ``(N, C)``, at least one row
    :param truth: the right class of each example, ``(N,)``
    :returns: mean difference between score and share of right answers, in ``[0, 1]``
    """
    scores = softmax(logits).astype(np.float32)  # as a tagger publishes them
    best, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    bins = np.minimum((best * BINS).astype(np.int64), BINS - 1)
    distance = np.bincount(bins, best - right, minlength=BINS)
    return float(np.abs(distance).sum() / len(truth))


def _ratio(part: Any, whole: Any) -> NDArray[np.float64]:
    with np.errstate(invalid='ignore'):
        ratio: NDArray[np.float64] = np.asarray(part, np.float64) / np.asarray(whole, np.float64)
    return ratio


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
