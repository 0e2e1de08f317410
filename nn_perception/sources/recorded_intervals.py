"""The intervals between the images of a recording, by stamps and recording times."""

from __future__ import annotations

from collections.abc import Callable

from nn_perception.sources.frame_source import MAX_INTERVAL_S

# An image is recorded at most this much sooner after the one before than it was taken; if its
# stamp says more, the camera's clock was set in between.
MAX_LEAD_S = 2.0
# Stamps this much earlier than those before belong to images that overtook each other.
MAX_OVERTAKING_S = 1.0
# Recordings with shorter intervals were not recorded as the images came.
MIN_MEAN_INTERVAL_S = 1e-3
# Of a recording whose times say nothing.
DEFAULT_INTERVAL_S = 1.0


class RecordedIntervals:
    """
    Compute when each image follows the one before.

    Stamps are the times at which images were taken, so they are what counts. Where the clock that
    made them was set, and where they stand still, the recording times take their place; where
    those jump too, the interval before is repeated.

    :ivar usual_s: an interval to follow an unknown one, in seconds

    :param mean_interval_s: between the recording times, in seconds
    :param warn: called with a sentence about each jump
    """

    def __init__(self, mean_interval_s: float, warn: Callable[[str], None]) -> None:
        self._recorded_as_they_came = mean_interval_s >= MIN_MEAN_INTERVAL_S
        self._warn = warn
        usual = MIN_MEAN_INTERVAL_S <= mean_interval_s <= MAX_INTERVAL_S
        self.usual_s = mean_interval_s if usual else DEFAULT_INTERVAL_S
        self._first_s = self.usual_s
        self._before: tuple[int, int] | None = None

    def restart(self) -> None:
        """Begin again with the first image."""
        self._before = None

    def next_s(self, number: int, stamp_ns: int, recorded_ns: int) -> float:
        """
        Take the times of the next image.

        :param number: of the image, for the warnings
        :param stamp_ns: when it was taken, in nanoseconds
        :param recorded_ns: when it was recorded, in nanoseconds
        :returns: the interval since the image before in seconds, at most
            :data:`~nn_perception.sources.frame_source.MAX_INTERVAL_S`
        """
        before, self._before = self._before, (stamp_ns, recorded_ns)
        if before is None:
            return self._first_s
        taken_s = (stamp_ns - before[0]) * 1e-9
        recorded_s = max(0.0, (recorded_ns - before[1]) * 1e-9)
        interval_s = self._interval_s(number, taken_s, recorded_s)
        if interval_s > 0.0:
            self.usual_s = interval_s
        return interval_s

    def _interval_s(self, number: int, taken_s: float, recorded_s: float) -> float:
        if self._is_plausible(taken_s, recorded_s):
            return max(0.0, taken_s)
        if taken_s:
            self._warn(
                f'the stamp of image {number} is {_duration(taken_s)} the one before; '
                'such images are played by their recording times'
            )
        if recorded_s <= MAX_INTERVAL_S:
            return recorded_s
        self._warn(
            f'image {number} was recorded {_duration(recorded_s)} the one before; '
            f'it is played {self.usual_s:.3g} s after it'
        )
        return self.usual_s

    def _is_plausible(self, taken_s: float, recorded_s: float) -> bool:
        """Tell whether the time between two stamps can have passed."""
        if not self._recorded_as_they_came:
            return -MAX_OVERTAKING_S <= taken_s <= MAX_INTERVAL_S
        if taken_s == 0.0:
            return False
        latest_s = min(recorded_s + MAX_LEAD_S, MAX_INTERVAL_S)
        return -MAX_OVERTAKING_S <= taken_s <= latest_s


def _duration(seconds: float) -> str:
    """Say how much later or earlier something is."""
    size = abs(seconds)
    for unit, length_s in (('years', 31_557_600.0), ('days', 86_400.0), ('s', 1.0)):
        if size >= 2.0 * length_s or unit == 's':
            break
    return f'{size / length_s:.4g} {unit} {"after" if seconds > 0 else "before"}'
