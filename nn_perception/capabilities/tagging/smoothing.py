"""Scores averaged over the frames of a stream."""

from __future__ import annotations

import math

from nn_perception.capabilities.tagging.tagger import check_finite, Scores
import numpy as np
from numpy.typing import NDArray


class Smoother:
    """
    Average the scores of a stream exponentially, so that tags do not flicker.

    The weight of a new image follows from the time since the last one: images that come at
    irregular times, or were dropped, are averaged over the same span.

    :param time_constant_s: after this many seconds an old image counts for 37 %; 0: no smoothing
    :raises ValueError: if it is negative or not finite
    """

    def __init__(self, time_constant_s: float) -> None:
        if not 0.0 <= time_constant_s < math.inf:
            raise ValueError(f'time_constant_s must be 0 or more, got {time_constant_s}')
        self.time_constant_s = time_constant_s
        self._scores: NDArray[np.float64] | None = None
        self._stamp_s = 0.0

    def update(self, scores: Scores, stamp_s: float) -> Scores:
        """
        Take the scores of a new image in.

        The average starts anew when time jumps back, as it does when a recording is repeated, and
        when the number of classes changes.

        :param scores: ``(C,)``
        :param stamp_s: when the image was captured, in seconds
        :returns: float32, ``(C,)``
        :raises ValueError: if a score is not a number; the average stays as it was
        """
        check_finite(scores)
        before, elapsed_s = self._scores, stamp_s - self._stamp_s
        average = scores.astype(np.float64)
        if (
            self.time_constant_s > 0.0
            and before is not None
            and before.shape == average.shape
            and elapsed_s >= 0.0
        ):
            weight = -math.expm1(-elapsed_s / self.time_constant_s)
            average = before + weight * (average - before)
        self._scores, self._stamp_s = average, stamp_s
        return average.astype(np.float32)
