"""When a thread decodes, and whether it was left behind meanwhile."""

from __future__ import annotations

import threading
import time
from types import TracebackType


class DecodingPhase:
    """
    The part of a thread's round in which it may be left behind: a decoder cannot be interrupted.

    Used as a context manager around the decoding. A thread that finds :attr:`is_left` after it
    must end without touching anything that others use.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since_s: float | None = None
        self._is_left = False

    def __enter__(self) -> None:
        with self._lock:
            self._since_s = time.monotonic()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._since_s = None

    @property
    def is_left(self) -> bool:
        """Whether nobody waits for the thread any more."""
        with self._lock:
            return self._is_left

    @property
    def duration_s(self) -> float:
        """How long the thread has been decoding, in seconds; 0 if it is not."""
        with self._lock:
            return 0.0 if self._since_s is None else time.monotonic() - self._since_s

    def leave(self) -> bool:
        """Leave the thread behind if it is decoding, and say whether it is."""
        with self._lock:
            self._is_left = self._since_s is not None
            return self._is_left
