"""Smooth keypoints with little lag."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class OneEuroFilter:
    """
    Smooth moving points: strongly at rest, hardly in motion.

    The 1 Euro filter of Casiez, Roussel and Vogel, "1 Euro Filter: A Simple Speed-based Low-pass
    Filter for Noisy Input in Interactive Systems" (CHI 2012), for many points at once. Speeds are
    in body sizes per second, so that the settings fit people of any size. Unlike in the paper, the
    distance to the measured point is bounded.

    :param min_cutoff_hz: cut-off frequency at rest; the lag there is ``1 / (2 pi min_cutoff_hz)``
        seconds
    :param beta: how much the cut-off frequency rises with the speed, in hertz per body size per
        second
    :param derivative_cutoff_hz: cut-off frequency for the speed itself
    :param max_offset: maximum distance between a smoothed and a measured point, in body sizes
    :raises ValueError: if a value is not positive and finite
    """

    def __init__(
        self,
        *,
        min_cutoff_hz: float = 1.5,
        beta: float = 12.0,
        derivative_cutoff_hz: float = 1.0,
        max_offset: float = 0.03,
    ) -> None:
        for name, value in (
            ('min_cutoff_hz', min_cutoff_hz),
            ('beta', beta),
            ('derivative_cutoff_hz', derivative_cutoff_hz),
            ('max_offset', max_offset),
        ):
            if not 0.0 < value < math.inf:
                raise ValueError(f'{name} must be positive and finite, got {value}')
        self.min_cutoff_hz = min_cutoff_hz
        self.beta = beta
        self.derivative_cutoff_hz = derivative_cutoff_hz
        self.max_offset = max_offset
        self._points: Floats | None = None
        self._velocities: Floats | None = None
        self._seen: Flags | None = None

    def update(self, points: Floats, seen: Flags, elapsed_s: float, size_px: float) -> Floats:
        """
        Smooth new points.

        A point that is not seen now, or was not before, is returned as measured and restarts.

        :param points: in pixels, ``(N, 2)``, the same N each time
        :param seen: which points are seen, ``(N,)``
        :param elapsed_s: time since the previous update; 0 or less restarts all points
        :param size_px: size of the body
        :returns: smoothed points, ``(N, 2)``
        """
        before, velocities, seen_before = self._points, self._velocities, self._seen
        if before is None or velocities is None or seen_before is None or elapsed_s <= 0.0:
            self._points, self._velocities = points.copy(), np.zeros_like(points)
            self._seen = seen.copy()
            return points
        size_px = max(size_px, 1.0)
        is_tracked = (seen & seen_before)[:, None]
        velocity = (points - before) / (elapsed_s * size_px)
        velocities = velocities + _smoothing_factor(self.derivative_cutoff_hz, elapsed_s) * (
            velocity - velocities
        )
        speed = np.hypot(velocities[:, 0], velocities[:, 1])
        factor = _smoothing_factor(self.min_cutoff_hz + self.beta * speed, elapsed_s)
        offset = (1.0 - factor)[:, None] * (before - points)  # from the measured point
        distance = np.hypot(offset[:, 0], offset[:, 1])[:, None]
        bound = self.max_offset * size_px
        offset *= np.minimum(1.0, bound / np.maximum(distance, 1e-9))
        smoothed: Floats = np.where(is_tracked, points + offset, points)
        self._points = smoothed
        self._velocities = np.where(is_tracked, velocities, 0.0)
        self._seen = seen.copy()
        return np.array(smoothed)


def _smoothing_factor(cutoff_hz: float | Floats, elapsed_s: float) -> Floats:
    """Compute the weight of a new value in a first-order low-pass filter, alpha in the paper."""
    turns = np.asarray(2.0 * math.pi * elapsed_s * cutoff_hz, np.float64)
    factor: Floats = turns / (turns + 1.0)
    return factor
