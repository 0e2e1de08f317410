"""Take the tremble out of joints without letting them trail behind."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class OneEuroFilter:
    """
    Smooth points that move: strongly at rest, hardly in motion.

    The 1 Euro filter of Casiez, Roussel and Vogel, "1 Euro Filter: A Simple Speed-based Low-pass
    Filter for Noisy Input in Interactive Systems" (CHI 2012), for many points at once, with
    speeds in lengths of the body a second, so that its settings fit people of any size. Beyond
    the paper the distance to the measured point is bounded.

    :param rest_hz: cut-off frequency at rest; the lag there is ``1 / (2 pi rest_hz)`` seconds
    :param speed_factor: how much the cut-off rises with the speed, in hertz for each length a
        second
    :param speed_hz: cut-off frequency for the speed itself
    :param most_apart: how far a smoothed point may be from the measured one, in lengths
    :raises ValueError: if a value is not positive and finite
    """

    def __init__(
        self,
        *,
        rest_hz: float = 1.5,
        speed_factor: float = 12.0,
        speed_hz: float = 1.0,
        most_apart: float = 0.03,
    ) -> None:
        for name, value in (
            ('rest_hz', rest_hz),
            ('speed_factor', speed_factor),
            ('speed_hz', speed_hz),
            ('most_apart', most_apart),
        ):
            if not 0.0 < value < math.inf:
                raise ValueError(f'{name} must be positive and finite, got {value}')
        self.rest_hz = rest_hz
        self.speed_factor = speed_factor
        self.speed_hz = speed_hz
        self.most_apart = most_apart
        self._points: Floats | None = None
        self._speeds: Floats | None = None
        self._seen: Flags | None = None

    def update(self, points: Floats, seen: Flags, elapsed_s: float, length_px: float) -> Floats:
        """
        Take new points in.

        A point that was not seen, now or before, is given as it is, and its past is forgotten.

        :param points: in pixels, ``(N, 2)``, the same N each time
        :param seen: which of them mean anything, ``(N,)``
        :param elapsed_s: since the last update; not positive: the past is forgotten
        :param length_px: size of the body
        :returns: smoothed points, ``(N, 2)``
        """
        before, speeds, seen_before = self._points, self._speeds, self._seen
        if before is None or speeds is None or seen_before is None or elapsed_s <= 0.0:
            self._points, self._speeds = points.copy(), np.zeros_like(points)
            self._seen = seen.copy()
            return points
        length_px = max(length_px, 1.0)
        follow = (seen & seen_before)[:, None]
        speed = (points - before) / (elapsed_s * length_px)
        speeds = speeds + _weight(self.speed_hz, elapsed_s) * (speed - speeds)
        magnitude = np.hypot(speeds[:, 0], speeds[:, 1])
        weight = _weight(self.rest_hz + self.speed_factor * magnitude, elapsed_s)
        behind = (1.0 - weight)[:, None] * (before - points)  # from the measured point
        distance = np.hypot(behind[:, 0], behind[:, 1])[:, None]
        bound = self.most_apart * length_px
        behind *= np.minimum(1.0, bound / np.maximum(distance, 1e-9))
        smoothed: Floats = np.where(follow, points + behind, points)
        self._points = smoothed
        self._speeds = np.where(follow, speeds, 0.0)
        self._seen = seen.copy()
        return np.array(smoothed)


def _weight(cutoff_hz: float | Floats, elapsed_s: float) -> Floats:
    """Give the weight of a new value in a low-pass filter of the first order."""
    turns = np.asarray(2.0 * math.pi * elapsed_s * cutoff_hz, np.float64)
    weight: Floats = turns / (turns + 1.0)
    return weight
