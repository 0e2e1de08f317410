"""What a worker thread is doing, and whether it was left behind meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import threading
import time

DECODING = 'decoding'
PROCESSING = 'processing'


class WorkStage:
    """
    The stages of a thread's round that cannot be interrupted: a decoder, and a network.

    A thread may be left behind in a stage. When it finds :meth:`was_left` after it, it must end
    without touching anything that others use.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._name = ''
        self._since_s = 0.0
        self._is_left = False

    @contextmanager
    def during(self, name: str) -> Iterator[None]:
        """Be in a stage for a block: ``'decoding'`` or ``'processing'``."""
        with self._lock:
            self._name, self._since_s = name, time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._name = ''

    def was_left(self) -> bool:
        """Say whether nobody waits for the thread any more."""
        with self._lock:
            return self._is_left

    def lasting(self, least_s: float) -> str:
        """Say what the thread has been doing for at least some seconds; empty if it has not."""
        with self._lock:
            lasted_s = time.monotonic() - self._since_s
            if not self._name or lasted_s < least_s:
                return ''
            return f'{self._name} an image for {lasted_s:.0f} s'

    def leave(self, *names: str) -> bool:
        """Leave the thread behind if it is in one of these stages, and say whether it is."""
        with self._lock:
            self._is_left = self._name in names
            return self._is_left
