"""A thread that works on the newest of what it is offered."""

from __future__ import annotations

from collections.abc import Callable
import threading
from typing import Generic, TypeVar

STOP_TIMEOUT_S = 5.0

T = TypeVar('T')


class NewestWorker(Generic[T]):
    """
    Call a function in a thread of its own, with the newest of the items that are offered.

    An item that waits is replaced by a newer one, so at most two are held: one that waits and one
    that is worked on. The thread starts with the first item, and again with the first one after
    :meth:`stop`.

    :param work: called with one item at a time
    :param name: of the thread
    """

    def __init__(self, work: Callable[[T], None], name: str) -> None:
        self._work = work
        self._name = name
        self._changed = threading.Condition()
        self._waiting: list[T] = []
        self._thread: threading.Thread | None = None

    def offer(self, item: T) -> None:
        """Let the thread work on an item next; returns at once."""
        with self._changed:
            self._waiting = [item]
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """
        Drop the item that waits, and end the thread.

        :param timeout_s: so long it waits for the item that is being worked on; 0: not at all
        """
        with self._changed:
            thread, self._thread = self._thread, None
            self._waiting = []
            self._changed.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def _run(self) -> None:
        while (items := self._take()) is not None:
            self._work(items[0])
            # The next wait must not hold it.
            del items

    def _take(self) -> list[T] | None:
        """Wait for an item; None if the thread is to end."""
        with self._changed:
            this = threading.current_thread()
            self._changed.wait_for(lambda: self._waiting or self._thread is not this)
            if self._thread is not this:
                return None
            items, self._waiting = self._waiting, []
            return items
