"""
End the process when its main loop hangs, so that a supervisor can restart it.

The middleware can hang forever inside a call that holds Python's lock, see
docs/evaluation/endurance.md: then no signal and no thread of the process can help, and it looks
alive. The timer used here needs no lock; it writes the stack of every thread, and exits with
status 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import faulthandler
import time

TIMEOUT_S = 30.0
# Restarting the timer takes time, so it is not done in each round of the loop.
FEED_PERIOD_S = 1.0


class Watchdog:
    """Watch the main loop of the process; a process has only one such timer."""

    _fed_at_s: float | None = None

    @classmethod
    def feed(cls) -> None:
        """Report that the loop is running; after the first call, it must keep running."""
        now_s = time.monotonic()
        if cls._fed_at_s is None or now_s - cls._fed_at_s >= FEED_PERIOD_S:
            cls._fed_at_s = now_s
            faulthandler.dump_traceback_later(TIMEOUT_S, exit=True)

    @classmethod
    def stop(cls) -> None:
        """Stop watching until the next :meth:`feed`."""
        cls._fed_at_s = None
        faulthandler.cancel_dump_traceback_later()

    @classmethod
    def limit(cls, seconds: float) -> None:
        """Give what remains to be done so long, until :meth:`stop` or the next :meth:`feed`."""
        cls._fed_at_s = None
        faulthandler.dump_traceback_later(seconds, exit=True)

    @classmethod
    @contextmanager
    def paused(cls) -> Iterator[None]:
        """Allow a block to take long; the timer starts again after it."""
        watching = cls._fed_at_s is not None
        cls.stop()
        try:
            yield
        finally:
            if watching:
                cls.feed()
