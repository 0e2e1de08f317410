"""
How unlike the taught frames an image is: "none of these".

The distance to the nearest taught frames, between embeddings of unit length, after Sun et al.,
"Out-of-Distribution Detection with Deep Nearest Neighbors" (2022). A logistic curve, fitted to
frames that were kept apart, turns it into a probability.
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
LARGEST_EXPONENT = 500.0
# Distance of the threshold from the mean of the held-out frames, in standard deviations. In a
# normal distribution 1.4 % are beyond. A few frames show a mean better than a rare case.
DEVIATIONS = 2.2
# At the mean of the held-out frames, the odds of being known are e to this.
ODDS_AT_MEAN = 8.0
MIN_SCALE = 1e-3


@dataclass(frozen=True)
class OutOfDistributionModel:
    """
    What taught frames look like, and how far from them an image may be.

    :param references: embeddings of the taught frames, float32, ``(N, D)``, of unit length
    :param threshold: the distance at which an image is as probably unknown as not
    :param scale: by how much the distance grows while the odds grow by e; positive
    """

    references: Embeddings
    threshold: float
    scale: float

    @classmethod
    def fit(cls, training: Embeddings, held_out: Embeddings) -> OutOfDistributionModel:
        """
        Set the curve so that an average held-out frame is known.

        Images are compared with all of these frames: the more is known, the less is unknown.

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
        Take it out of a checkpoint's tensors.

        :returns: None if they hold none
        :raises ValueError: if they hold something else under these names
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
        """Give what :meth:`from_tensors` takes."""
        curve = np.array([self.threshold, self.scale], np.float32)
        return {REFERENCES: self.references, CURVE: curve}

    def probability(self, embedding: Embeddings) -> float:
        """
        Tell how probable it is that an image shows none of the taught classes.

        :param embedding: float32, ``(D,)``
        :returns: in ``[0, 1]``
        """
        (distance,) = distances(embedding[None], self.references)
        exponent = (self.threshold - float(distance)) / self.scale
        return 1.0 / (
            1.0 + math.exp(float(np.clip(exponent, -LARGEST_EXPONENT, LARGEST_EXPONENT)))
        )


def unit_length(embeddings: Embeddings) -> Embeddings:
    """
    Scale each row to the length 1; a row of zeros stays.

    :param embeddings: float32, ``(N, D)``
    """
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    scaled: Embeddings = embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled


def distances(embeddings: Embeddings, references: Embeddings) -> Embeddings:
    """
    Measure how far each embedding is from the taught frames.

    :param embeddings: float32, ``(N, D)``
    :param references: float32, ``(M, D)``, of unit length
    :returns: one minus the mean cosine of the nearest three references, float32, ``(N,)``
    """
    cosines = unit_length(embeddings) @ references.T  # (N, M)
    count = min(NEIGHBOURS, len(references))
    nearest = np.partition(cosines, -count, axis=1)[:, -count:]
    far: Embeddings = 1.0 - nearest.mean(axis=1)
    return far
