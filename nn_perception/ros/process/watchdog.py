"""
End the process when its main loop hangs, so that whoever supervises it can start it anew.

The middleware can hang for ever inside a call, with Python's lock held (docs/endurance.md): then
no signal and no thread of the process helps, and it looks alive. The timer used here needs no
lock; it writes where every thread is, and exits with status 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import faulthandler
import time

HANGS_AFTER_S = 30.0
FED_EVERY_S = 1.0


class Watchdog:
    """Watch over the main loop of a process; there is one timer in a process."""

    _fed_s: float | None = None

    @classmethod
    def feed(cls) -> None:
        """Tell that the loop goes on; from the first time on it must go on."""
        now_s = time.monotonic()
        if cls._fed_s is None or now_s - cls._fed_s >= FED_EVERY_S:
            cls._fed_s = now_s
            faulthandler.dump_traceback_later(HANGS_AFTER_S, exit=True)

    @classmethod
    def rest(cls) -> None:
        """Watch no more, until it is fed."""
        cls._fed_s = None
        faulthandler.cancel_dump_traceback_later()

    @classmethod
    @contextmanager
    def resting(cls) -> Iterator[None]:
        """Allow what is done inside to take long; the timer begins anew afterwards."""
        watched = cls._fed_s is not None
        cls.rest()
        try:
            yield
        finally:
            if watched:
                cls.feed()
