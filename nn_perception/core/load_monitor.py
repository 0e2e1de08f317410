"""Whether a single thread keeps up with its work, judged by the CPU time that it uses."""

from __future__ import annotations

import threading
import time

# Length of one measurement.
WINDOW_S = 0.5
# Fractions of one core: above the first a thread becomes overloaded, below the second it recovers.
OVERLOAD_SHARE = 0.85
RECOVERY_SHARE = 0.75
# Work takes longer when two cores run it at the same time, see docs/evaluation/one_process.md.
PARALLEL_SLOWDOWN = 1.25


class LoadMonitor:
    """
    Measure how busy a thread is that alternates between work and waiting.

    :ivar overloaded: whether the thread has hardly any time left to wait
    """

    def __init__(self) -> None:
        self.overloaded = False
        self._parallel_cpu_s = 0.0
        self._restart()

    def add_cpu_time(self, seconds: float) -> None:
        """Add CPU time that other threads used for this thread's work, in parallel."""
        self._parallel_cpu_s += seconds / PARALLEL_SLOWDOWN

    def update(self) -> bool:
        """
        Measure the calling thread, which calls this regularly while it works.

        :returns: :attr:`overloaded`
        """
        if threading.get_ident() != self._thread:
            self._restart()
        elapsed_s = time.monotonic() - self._start_s
        if elapsed_s >= WINDOW_S:
            cpu_s = time.thread_time() - self._start_cpu_s + self._parallel_cpu_s
            limit = RECOVERY_SHARE if self.overloaded else OVERLOAD_SHARE
            self.overloaded = cpu_s / elapsed_s > limit
            self._restart()
        return self.overloaded

    def _restart(self) -> None:
        self._thread = threading.get_ident()
        self._start_s = time.monotonic()
        self._start_cpu_s = time.thread_time()
        self._parallel_cpu_s = 0.0
