"""Whether one thread can do what comes, told from the processor time that it takes."""

from __future__ import annotations

import threading
import time

# Seconds after which it is judged anew.
WINDOW_S = 0.5
# Shares of one core.
TOO_MUCH = 0.85
ENOUGH_LEFT = 0.75
# What two cores do at the same time takes so much longer, measured (docs/one_process.md).
AT_ONCE = 1.25


class LoadMonitor:
    """
    Measure how busy a thread is that works, waits, and works again.

    :ivar too_much: whether it has hardly time left to wait
    """

    def __init__(self) -> None:
        self.too_much = False
        self._handed_on_s = 0.0
        self._begin()

    def hand_on(self, seconds: float) -> None:
        """Count processor time that others have spent for this thread, at the same time."""
        self._handed_on_s += seconds / AT_ONCE

    def judge(self) -> bool:
        """Tell whether it is too much; called by the thread, again and again as it works."""
        if threading.get_ident() != self._thread:
            self._begin()
        passed_s = time.monotonic() - self._since_s
        if passed_s >= WINDOW_S:
            share = (time.thread_time() - self._spent_s + self._handed_on_s) / passed_s
            self.too_much = share > (ENOUGH_LEFT if self.too_much else TOO_MUCH)
            self._begin()
        return self.too_much

    def _begin(self) -> None:
        self._thread = threading.get_ident()
        self._since_s = time.monotonic()
        self._spent_s = time.thread_time()
        self._handed_on_s = 0.0
