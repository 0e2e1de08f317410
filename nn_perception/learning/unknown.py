"""Learn from frames that are kept apart how far from the taught ones a known thing may be."""

from __future__ import annotations

from nn_perception.vision.novelty import distances, Novelty, unit_length
import numpy as np
from numpy.typing import NDArray

# The share of known frames that shall stay known.
KNOWN_SHARE = 0.95
# How sure it is in the middle of the known frames that they are known: odds of e to this.
ODDS_OF_THE_MEDIAN = 4.0
LEAST_SCALE = 1e-3


def calibrate(training: NDArray[np.float32], held_out: NDArray[np.float32]) -> Novelty:
    """
    Set the curve so that a median frame that is kept apart is known, and a far one at the limit.

    :param training: embeddings that were learned from, ``(N, D)``
    :param held_out: embeddings of the same classes that were not, ``(M, D)``
    """
    references = unit_length(training)
    known = distances(held_out, references)
    median, limit = (float(np.quantile(known, share)) for share in (0.5, KNOWN_SHARE))
    scale = max(LEAST_SCALE, (limit - median) / ODDS_OF_THE_MEDIAN)
    return Novelty(references, limit, scale)
