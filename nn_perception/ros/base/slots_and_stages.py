"""
What the thread of a worker shares with others: what it takes its work from, and what it is doing.

Both are of the thread's every round, and stand in one file that imports little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
import threading
import time
from typing import Generic, TypeVar

K = TypeVar('K', bound=Hashable)
T = TypeVar('T')


class LatestSlots(Generic[K, T]):
    """
    Pass the newest item of each source to a worker thread.

    A newer item replaces one that waits; the older one is dropped and counted. So no item is older
    than one round of the worker plus one item's period, however fast a source is.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._items: dict[K, T] = {}
        self._closed = False
        self._dropped: Counter[K] = Counter()

    def dropped(self, source: K) -> int:
        """Count the items of a source that the worker did not take."""
        with self._changed:
            return self._dropped[source]

    def put(self, source: K, item: T) -> None:
        """
        Offer an item; never blocks.

        :param source: whose item it is; an item of the same source that still waits is dropped
        :param item: it is dropped at once while the slots are closed
        """
        with self._changed:
            if source in self._items or self._closed:
                self._dropped[source] += 1
            if not self._closed:
                self._items[source] = item
                self._changed.notify()

    def take(self, timeout_s: float | None = None) -> list[tuple[K, T]]:
        """
        Take all items; if there are none, wait for one.

        :param timeout_s: how long to wait, in seconds; ``None``: forever
        :returns: sources and items, the source that waited longest first; empty when the slots
            are closed or the time is over
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            taken = list(self._items.items())
            self._items.clear()
            return taken

    def open(self) -> None:
        """Accept items again after :meth:`close`; the counts continue."""
        with self._changed:
            self._closed = False

    def close(self) -> None:
        """Drop all items, and let every :meth:`take` return nothing until :meth:`open`."""
        with self._changed:
            self._closed = True
            self._dropped.update(self._items.keys())
            self._items.clear()
            self._changed.notify_all()


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
        """Be in a stage for a block: ``'decoding an image'`` for example."""
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
            return f'{self._name} for {lasted_s:.0f} s'

    def leave(self, *names: str) -> bool:
        """Leave the thread behind if it is in one of these stages, and say whether it is."""
        with self._lock:
            self._is_left = self._name in names
            return self._is_left
