"""How often a classifier is right: confusion matrix, recall and precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Evaluation:
    """
    What a classifier said of examples whose label is known.

    :param labels: names of the classes
    :param confusion: int64, ``(C, C)``, counts; row: what it is, column: what was said
    """

    labels: tuple[str, ...]
    confusion: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Share of the examples that were named rightly; NaN if there were none."""
        return float(_ratio(np.trace(self.confusion), self.confusion.sum()))

    @property
    def recall(self) -> NDArray[np.float64]:
        """Share of each class that was found, ``(C,)``; NaN for a class without examples."""
        return _ratio(np.diagonal(self.confusion), self.confusion.sum(axis=1))

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of what was called so that is so, ``(C,)``; NaN if nothing was called so."""
        return _ratio(np.diagonal(self.confusion), self.confusion.sum(axis=0))

    def to_json(self) -> dict[str, Any]:
        """Give numbers, texts and lists; None where there is nothing to divide by."""
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
    Compare what a classifier said with what is.

    :param truth: class of each example, any integer type, ``(N,)``, ``0`` to ``C - 1``
    :param predicted: what was said of it, likewise
    :param labels: names of the ``C`` classes
    :raises ValueError: if the shapes differ or a class is out of range
    """
    if truth.ndim != 1 or truth.shape != predicted.shape:
        raise ValueError(
            f'expected two rows of the same length, got {truth.shape} and {predicted.shape}'
        )
    count = len(labels)
    both = np.stack([truth, predicted]).astype(np.int64)  # (2, N)
    if both.size and not (both.min() >= 0 and both.max() < count):
        raise ValueError(f'classes must be 0 to {count - 1}, got {both.min()} to {both.max()}')
    confusion = np.bincount(both[0] * count + both[1], minlength=count * count)
    return Evaluation(labels, confusion.reshape(count, count).astype(np.int64))


def _ratio(part: Any, whole: Any) -> NDArray[np.float64]:
    with np.errstate(invalid='ignore'):
        ratio: NDArray[np.float64] = np.asarray(part, np.float64) / np.asarray(whole, np.float64)
    return ratio


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
