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
    def fit(cls, training: Embeddings, held_out: Embeddings) -> OutOfDistributionModel:
        """
        Fit the curve so that an average held-out frame has a low score.

        All these frames become references: the more frames, the fewer images are unknown.

        :param training: embeddings of the training frames, float32, ``(N, D)``
        :param held_out: embeddings of held-out frames of the same classes, float32, ``(M, D)``
        """
        known = distances(held_out, unit_length(training))
        beyond = DEVIATIONS * float(known.std())
        scale = max(MIN_SCALE, beyond / ODDS_AT_MEAN)
        references = unit_length(np.concatenate([training, held_out]))
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


def unit_length(embeddings: Embeddings) -> Embeddings:
    """
    Scale each row to unit length; a row of zeros stays zero.

    :param embeddings: float32, ``(N, D)``
    """
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    scaled: Embeddings = embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled


def distances(embeddings: Embeddings, references: Embeddings) -> Embeddings:
    """
    Compute the distance of each embedding to the nearest references.

    :param embeddings: float32, ``(N, D)``
    :param references: float32, ``(M, D)``, of unit length
    :returns: one minus the mean cosine similarity to the three nearest references, float32,
        ``(N,)``
    """
    cosines = unit_length(embeddings) @ references.T  # (N, M)
    count = min(NEIGHBOURS, len(references))
    nearest = np.partition(cosines, -count, axis=1)[:, -count:]
    distance: Embeddings = 1.0 - nearest.mean(axis=1)
    return distance
