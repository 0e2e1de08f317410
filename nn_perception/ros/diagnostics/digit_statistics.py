"""What the diagnostics of ``digit_reader`` say of its results."""

from __future__ import annotations

import threading

from nn_perception.core.results import DigitReading


class DigitStatistics:
    """Collect what the worker thread finds; safe to read from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._digits = 0
        self._candidates = 0
        self._read = 0
        self._capped = 0
        self._told_read = 0
        self._told_capped = 0

    def record(self, reading: DigitReading) -> None:
        """Count what was found in one image."""
        with self._lock:
            self._digits = len(reading.digits)
            self._candidates = reading.candidates
            self._read += 1
            self._capped += reading.capped

    def figures(self) -> dict[str, object]:
        """Give the counts of the newest image, and of the images that held too much so far."""
        with self._lock:
            return {
                'digits': self._digits,
                'candidates': self._candidates,
                'frames_capped': self._capped,
            }

    def concern(self, max_candidates: int) -> str:
        """
        Say how many images since the last call held too much; empty when none did.

        :param max_candidates: how much is allowed, for the sentence
        """
        with self._lock:
            read, capped = self._read - self._told_read, self._capped - self._told_capped
            self._told_read, self._told_capped = self._read, self._capped
        if not capped:
            return ''
        return (
            f'{capped} of {read} images held more places that may be digits than max_candidates '
            f'({max_candidates}); the least sharp ones were not looked at'
        )
