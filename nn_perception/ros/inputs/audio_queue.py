"""What was received of a sound, between its subscription and the worker."""

from __future__ import annotations

from collections import deque
import threading
import time

from nn_perception.capabilities.sounds.chunks import Chunk

# What waits longer is dropped: late answers are worse than none.
MAX_WAIT_S = 5.0
# Short chunks of half a minute, and long ones of two.
MAX_COUNT = 3_000
MAX_BYTES = 32_000_000


class AudioQueue:
    """
    Pass what is received to a worker thread, in order and without a gap.

    Unlike an image, which a newer one replaces, each part of a sound is needed. But a worker that
    is too slow for long loses the oldest parts, which are counted.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._items: deque[tuple[float, Chunk]] = deque()
        self._bytes = 0
        self._closed = True
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Number of chunks that the worker did not get."""
        with self._changed:
            return self._dropped

    def put(self, chunk: Chunk) -> None:
        """Append a chunk; never blocks. It is dropped at once while the queue is closed."""
        now_s = time.monotonic()
        with self._changed:
            if self._closed:
                self._dropped += 1
                return
            self._items.append((now_s, chunk))
            self._bytes += chunk.samples.nbytes
            while self._is_too_full(now_s):
                self._take()
                self._dropped += 1
            self._changed.notify()

    def take(self, timeout_s: float | None = None) -> Chunk | None:
        """
        Take the oldest chunk; if there is none, wait for one.

        :param timeout_s: how long to wait, in seconds; ``None``: forever
        :returns: None when the queue is closed or the time is over
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            return self._take() if self._items else None

    def open(self) -> None:
        """Accept chunks; the counts continue."""
        with self._changed:
            self._closed = False

    def clear(self) -> None:
        """Drop all chunks, which are not counted: nobody wants them any more."""
        with self._changed:
            self._items.clear()
            self._bytes = 0

    def close(self) -> None:
        """Drop all chunks, and let every :meth:`take` return nothing until :meth:`open`."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._bytes = 0
            self._changed.notify_all()

    def _take(self) -> Chunk:
        _, chunk = self._items.popleft()
        self._bytes -= chunk.samples.nbytes
        return chunk

    def _is_too_full(self, now_s: float) -> bool:
        if len(self._items) <= 1:
            return False
        waited_s = now_s - self._items[0][0]
        return waited_s > MAX_WAIT_S or self._bytes > MAX_BYTES or len(self._items) > MAX_COUNT
