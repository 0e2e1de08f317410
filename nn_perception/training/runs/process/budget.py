"""How much of its time a run may spend on those who watch it."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import threading
import time

# Of the CPU time of a run that trains. What is not charged, as writing to sockets, adds a little.
SHARE = 0.04
# What may be saved up while nobody asks.
LARGEST_S = 0.05


class AnswerBudget:
    """
    Time for answers, which grows while a run trains.

    It is CPU time: where the cores are busy with other things, everything takes longer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credit_s = LARGEST_S
        self._updated_s = time.process_time()

    @property
    def wait_s(self) -> float:
        """CPU seconds until there is time for an answer; 0 if there is."""
        with self._lock:
            self._update()
            return max(0.0, -self._credit_s / SHARE)

    @contextlib.contextmanager
    def charged(self) -> Iterator[None]:
        """Charge the duration of the block."""
        began_s = time.process_time()
        try:
            yield
        finally:
            with self._lock:
                self._credit_s -= time.process_time() - began_s

    def refill(self) -> None:
        """Begin anew, for example since the run is paused and has all the time."""
        with self._lock:
            self._credit_s = LARGEST_S

    def _update(self) -> None:
        now_s = time.process_time()
        grown = self._credit_s + SHARE * (now_s - self._updated_s)
        self._credit_s, self._updated_s = min(LARGEST_S, grown), now_s
