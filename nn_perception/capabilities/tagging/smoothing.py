"""Moving average of the scores of a stream."""

from __future__ import annotations

import math

from nn_perception.capabilities.tagging.tagger import check_finite, Scores
import numpy as np
from numpy.typing import NDArray


class Smoother:
    """
    Exponential moving average of scores, so that tags do not flicker.

    The weight of a new frame depends on the time since the previous one, so the average spans the
    same time at any frame rate, and when frames are dropped.

    :param time_constant_s: time in which the weight of a frame falls to 37 %; 0: no smoothing
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
        Add the scores of a new frame to the average.

        The average restarts if time jumps back, as it does when a recording is repeated, and if
        the number of classes changes.

        :param scores: float32, ``(C,)``
        :param stamp_s: when the frame was captured, in seconds
        :returns: the average, float32, ``(C,)``
        :raises ValueError: if a score is not finite; the average does not change
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


class Smoothers:
    """The moving averages of any number of sources."""

    def __init__(self) -> None:
        self._of: dict[str, Smoother] = {}

    def update(
        self, source: str, scores: Scores, stamp_s: float, time_constant_s: float
    ) -> Scores:
        """
        Add the scores of a source, see :meth:`Smoother.update`.

        :param time_constant_s: the average begins anew if it changes; 0: no smoothing
        """
        if time_constant_s <= 0.0:
            self.forget(source)
            return scores
        smoother = self._of.get(source)
        if smoother is None or smoother.time_constant_s != time_constant_s:
            smoother = self._of[source] = Smoother(time_constant_s)
        return smoother.update(scores, stamp_s)

    def forget(self, source: str) -> None:
        """Forget the average of a source."""
        self._of.pop(source, None)

    def clear(self) -> None:
        """Forget the averages of all sources."""
        self._of.clear()
