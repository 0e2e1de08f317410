"""What the diagnostics of ``digit_reader`` report about its results."""

from __future__ import annotations

import threading

from nn_perception.core.results import DigitReading


class DigitStatistics:
    """Count digits and candidates; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._digits = 0
        self._candidates = 0
        self._read = 0
        self._capped = 0
        self._reported_read = 0
        self._reported_capped = 0

    def record(self, reading: DigitReading) -> None:
        """Count the digits of one image."""
        with self._lock:
            self._digits = len(reading.digits)
            self._candidates = reading.candidates
            self._read += 1
            self._capped += reading.capped

    def values(self) -> dict[str, object]:
        """Count the newest image's digits, and all images with too many candidates."""
        with self._lock:
            return {
                'digits': self._digits,
                'candidates': self._candidates,
                'frames_capped': self._capped,
            }

    def warning(self, max_candidates: int) -> str:
        """
        Warn about images with too many candidates since the previous call.

        :param max_candidates: the limit, for the message
        :returns: one sentence; empty if there were none
        """
        with self._lock:
            read, capped = self._read - self._reported_read, self._capped - self._reported_capped
            self._reported_read, self._reported_capped = self._read, self._capped
        if not capped:
            return ''
        return (
            f'{capped} of {read} images had more than max_candidates ({max_candidates}) '
            'candidates for digits; the least sharp ones were skipped'
        )
