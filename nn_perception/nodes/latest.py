"""A slot that holds the newest item only, between one producer and one worker."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar('T')


class LatestSlot(Generic[T]):
    """
    Hand the newest item from a producer thread to a worker thread.

    An item that nobody took before the next one came is dropped and counted, so what
    the worker gets is never older than one of its own rounds plus one frame, however
    fast the producer is.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._closed = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Items that nobody took."""
        with self._changed:
            return self._dropped

    def put(self, item: T) -> None:
        """Offer an item; one that still waits is dropped, all are while closed. Never blocks."""
        with self._changed:
            if self._item is not None or self._closed:
                self._dropped += 1
            self._item = None if self._closed else item
            self._changed.notify()

    def take(self, timeout_s: float | None = None) -> T | None:
        """
        Take the newest item out, waiting for one if there is none.

        :param timeout_s: seconds to wait at most; ``None`` waits without an end
        :returns: the item, or ``None`` when the slot was closed or the time is up
        """
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout_s)
            if self._closed:
                return None
            item, self._item = self._item, None
            return item

    def open(self) -> None:
        """Let :meth:`take` wait again after a :meth:`close`; the count goes on."""
        with self._changed:
            self._closed = False

    def close(self) -> None:
        """End every present and future :meth:`take` with ``None``; what waits is dropped."""
        with self._changed:
            self._closed = True
            if self._item is not None:
                self._dropped += 1
                self._item = None
            self._changed.notify_all()
