"""Slots that hold the newest item of each of some sources, between producers and one worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
import threading
from typing import Generic, TypeVar

K = TypeVar('K', bound=Hashable)
T = TypeVar('T')


class LatestSlots(Generic[K, T]):
    """
    Hand the newest item of each source to a worker thread.

    An item that nobody took before the next one of its source came is dropped and counted, so
    what the worker gets is never older than one of its own rounds plus one frame, however
    fast a source is.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._items: dict[K, T] = {}
        self._closed = False
        self._dropped: Counter[K] = Counter()

    def dropped(self, source: K) -> int:
        """Count the items of a source that nobody took."""
        with self._changed:
            return self._dropped[source]

    def put(self, source: K, item: T) -> None:
        """Offer an item; one that still waits is dropped, all are while closed. Never blocks."""
        with self._changed:
            if source in self._items or self._closed:
                self._dropped[source] += 1
            if not self._closed:
                self._items[source] = item
                self._changed.notify()

    def take(self, timeout_s: float | None = None) -> list[tuple[K, T]]:
        """
        Take out all that is there, waiting for something if there is nothing.

        :param timeout_s: seconds to wait at most; ``None`` waits without an end
        :returns: sources and items, the source that waited longest first; empty when the slots
            were closed or the time is up
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            taken = list(self._items.items())
            self._items.clear()
            return taken

    def open(self) -> None:
        """Let :meth:`take` wait again after a :meth:`close`; the counts go on."""
        with self._changed:
            self._closed = False

    def close(self) -> None:
        """End every present and future :meth:`take` with nothing; what waits is dropped."""
        with self._changed:
            self._closed = True
            self._dropped.update(self._items.keys())
            self._items.clear()
            self._changed.notify_all()
