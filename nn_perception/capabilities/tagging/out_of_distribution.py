"""
Score images that show none of the classes of a fine-tuned model.

The score is based on the distance to the nearest training frames, between embeddings of unit
length, after Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors" (2022). A
logistic curve, fitted to held-out frames, turns the distance into a probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import Any

from nn_perception.core.inference.checkpoint import OUT_OF_DISTRIBUTION_PREFIX
import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]

UNKNOWN = 'unknown'
NEIGHBOURS = 3
REFERENCES = f'{OUT_OF_DISTRIBUTION_PREFIX}references'
CURVE = f'{OUT_OF_DISTRIBUTION_PREFIX}curve'
MAX_EXPONENT = 500.0
# The threshold is this many standard deviations above the mean distance of held-out frames; 1.4 %
# of a normal distribution are beyond. A few frames estimate a mean better than a rare case.
DEVIATIONS = 2.2
# At the mean distance of held-out frames, the odds of being in distribution are e to this.
ODDS_AT_MEAN = 8.0
MIN_SCALE = 1e-3
# Rows that are scaled, and cosines that are in memory, at a time.
BLOCK = 1024
MAX_COSINES = 4_000_000


@dataclass(frozen=True)
class OutOfDistributionModel:
    """
    The embeddings of known frames, and the curve from distances to scores.

    :param references: embeddings of known frames, float32, ``(N, D)``, of unit length
    :param threshold: the distance with a score of 0.5
    :param scale: the distance over which the odds grow by a factor of e; positive
    """

    references: Embeddings
    threshold: float
    scale: float

    @classmethod
    def fit(
        cls,
        embeddings: Embeddings,
        training: NDArray[np.int64],
        held_out: NDArray[np.int64],
    ) -> OutOfDistributionModel:
        """
        Fit the curve so that an average held-out frame has a low score.

        All these frames become references: the more frames, the fewer images are unknown.

        :param embeddings: embeddings of frames, float32, ``(N, D)``
        :param training: indices of the training frames
        :param held_out: indices of held-out frames of the same classes
        """
        references = unit_length(embeddings, np.concatenate([training, held_out]))
        count = len(training)
        known = 1.0 - _mean_of_nearest(references[count:], references[:count])
        beyond = DEVIATIONS * float(known.std())
        scale = max(MIN_SCALE, beyond / ODDS_AT_MEAN)
        return cls(references, float(known.mean()) + beyond, scale)

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> OutOfDistributionModel | None:
        """
        Read the model from the tensors of a checkpoint.

        :returns: None if there is none
        :raises ValueError: if its tensors are damaged
        """
        if REFERENCES not in tensors:
            return None
        references, curve = tensors[REFERENCES], tensors.get(CURVE)
        if references.ndim != 2 or not len(references) or curve is None or curve.shape != (2,):
            raise ValueError(f'the tensors {OUT_OF_DISTRIBUTION_PREFIX}* are damaged')
        threshold, scale = (float(value) for value in curve)
        if not scale > 0.0:
            raise ValueError(f'{CURVE} has the scale {scale}, expected a positive one')
        return cls(references.astype(np.float32), threshold, scale)

    def to_tensors(self) -> dict[str, NDArray[np.float32]]:
        """Return the tensors that :meth:`from_tensors` reads."""
        curve = np.array([self.threshold, self.scale], np.float32)
        return {REFERENCES: self.references, CURVE: curve}

    def score(self, embedding: Embeddings) -> float:
        """
        Compute the out-of-distribution score of an image.

        :param embedding: float32, ``(D,)``
        :returns: probability in ``[0, 1]`` that the image shows none of the classes
        """
        (distance,) = distances(embedding[None], self.references)
        exponent = (self.threshold - float(distance)) / self.scale
        return 1.0 / (1.0 + math.exp(float(np.clip(exponent, -MAX_EXPONENT, MAX_EXPONENT))))


def unit_length(embeddings: Embeddings, rows: NDArray[np.int64] | None = None) -> Embeddings:
    """
    Scale each row to unit length; a row of zeros stays zero.

    :param embeddings: float32, ``(N, D)``
    :param rows: indices of the rows that are wanted, in their order; by default all
    """
    count = len(embeddings) if rows is None else len(rows)
    scaled = np.empty((count, embeddings.shape[1]), embeddings.dtype)
    for start in range(0, count, BLOCK):
        part = slice(start, start + BLOCK)
        some = embeddings[part] if rows is None else embeddings[rows[part]]
        lengths = np.linalg.norm(some, axis=1, keepdims=True)
        np.divide(some, np.maximum(lengths, np.finfo(np.float32).tiny), out=scaled[part])
    return scaled


def distances(embeddings: Embeddings, references: Embeddings) -> Embeddings:
    """
    Compute the distance of each embedding to the nearest references.

    :param embeddings: float32, ``(N, D)``
    :param references: float32, ``(M, D)``, of unit length
    :returns: one minus the mean cosine similarity to the three nearest references, float32,
        ``(N,)``
    """
    distance: Embeddings = 1.0 - _mean_of_nearest(unit_length(embeddings), references)
    return distance


def _mean_of_nearest(unit: Embeddings, references: Embeddings) -> Embeddings:
    """Compute the mean cosine of each of N embeddings with the nearest references, ``(N,)``."""
    count = min(NEIGHBOURS, len(references))
    # A block of cosines is in memory at a time.
    step = max(1, MAX_COSINES // len(references))
    means = []
    for start in range(0, len(unit), step):
        cosines = unit[start : start + step] @ references.T
        nearest = np.partition(cosines, -count, axis=1)[:, -count:]
        means.append(nearest.mean(axis=1))
    return np.concatenate(means)
