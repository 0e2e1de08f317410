"""Learn from frames that are kept apart how far from the taught ones a known thing may be."""

from __future__ import annotations

from nn_perception.capabilities.tagging.out_of_distribution import (
    distances,
    OutOfDistributionModel,
    unit_length,
)
import numpy as np
from numpy.typing import NDArray

# How many deviations above the mean of the known frames the limit is: were they distributed
# normally, 1.4 % of them would be beyond. Few frames tell a mean better than a rare case.
DEVIATIONS = 2.2
# How sure it is in the middle of the known frames that they are known: odds of e to this.
ODDS_OF_THE_MEAN = 8.0
LEAST_SCALE = 1e-3


def calibrate(
    training: NDArray[np.float32], held_out: NDArray[np.float32]
) -> OutOfDistributionModel:
    """
    Set the curve so that a usual frame that is kept apart is known, and a far one at the limit.

    Images are compared with both kinds then: the more is known, the less is unknown.

    :param training: embeddings that were learned from, ``(N, D)``
    :param held_out: embeddings of the same classes that were not, ``(M, D)``
    """
    known = distances(held_out, unit_length(training))
    beyond = DEVIATIONS * float(known.std())
    scale = max(LEAST_SCALE, beyond / ODDS_OF_THE_MEAN)
    references = unit_length(np.concatenate([training, held_out]))
    return OutOfDistributionModel(references, float(known.mean()) + beyond, scale)
