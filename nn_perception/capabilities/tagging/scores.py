"""Scores of classes: probabilities from logits, and the ranking of classes."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.core.results import Tag
import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]


def softmax(logits: NDArray[np.floating]) -> Scores:
    """
    Turn logits into probabilities.

    Computes in float64, so that half precision loses nothing here.

    :param logits: ``(C,)`` or ``(N, C)``
    :returns: float32, of the same shape
    """
    shifted = logits.astype(np.float64) - np.max(logits, axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    scores: Scores = (exponentials / exponentials.sum(axis=-1, keepdims=True)).astype(np.float32)
    return scores


def top_k_tags(scores: Scores, labels: Sequence[str], k: int, min_score: float = 0.0) -> list[Tag]:
    """
    Rank the classes of one image or sound, and keep the best.

    :param scores: probabilities, ``(C,)``
    :param labels: names, ``labels[i]`` belongs to ``scores[i]``
    :param k: maximum number of tags, at least 1
    :param min_score: minimum score of a tag, in ``[0, 1]``
    :returns: best first, equal scores in the order of the labels; empty if none reaches
        ``min_score``
    :raises ValueError: if shapes disagree, a limit is out of range, or a score is not finite
    """
    if scores.shape != (len(labels),):
        raise ValueError(f'expected {len(labels)} scores, got the shape {scores.shape}')
    if k < 1:
        raise ValueError(f'top_k must be at least 1, got {k}')
    if not 0.0 <= min_score <= 1.0:
        raise ValueError(f'min_score must be in [0, 1], got {min_score}')
    check_finite(scores)
    best = np.argsort(-scores, kind='stable')[:k]
    return [Tag(labels[i], float(scores[i])) for i in best if scores[i] >= min_score]


def check_finite(scores: NDArray[np.floating]) -> None:
    """
    Check that all scores are finite.

    :raises ValueError: if one is NaN or infinite
    """
    if not np.isfinite(scores).all():
        raise ValueError('the scores are not finite: the network or its weights are broken')
