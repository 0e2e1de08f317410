"""What waits to be sent to one browser that listens."""

from __future__ import annotations

import asyncio
from collections import deque
import threading
import time

from nn_perception.studio.backend.sounds import SoundBlock, SoundResult
from nn_perception.studio.sound.messages import result_message, sound_message, words_message

# Two seconds of sound; older blocks are dropped when the browser does not read them.
MAX_BLOCKS = 20
MAX_RESULTS = 8
MAX_WORDS = 8


class Outbox:
    """
    What waits to be sent to one browser; its size is bounded.

    It is a listener of a microphone; everything but :meth:`take` may be called from any thread.

    :ivar changed: set when something may be there to be sent
    :ivar received_s: when the newest block came, on the monotonic clock; 0: none came
    """

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.received_s = 0.0
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._blocks: deque[SoundBlock] = deque(maxlen=MAX_BLOCKS)
        self._results: deque[str] = deque(maxlen=MAX_RESULTS)
        self._words: deque[str] = deque(maxlen=MAX_WORDS)

    def on_sound(self, block: SoundBlock) -> None:
        """Let a block wait."""
        self.received_s = time.monotonic()
        with self._lock:
            self._blocks.append(block)
        self._wake()

    def on_result(self, result: SoundResult) -> None:
        """Let a result wait."""
        message = result_message(result)
        with self._lock:
            self._results.append(message)
        self._wake()

    def say(self, words: str) -> None:
        """Let a sentence wait."""
        with self._lock:
            self._words.append(words_message(words))
        self._wake()

    def clear(self) -> None:
        """Drop sound and results that wait: the browser listens to something else."""
        with self._lock:
            self._blocks.clear()
            self._results.clear()
        self.received_s = 0.0

    def take(self) -> list[str | bytes]:
        """Take what waits, in the order in which it is to be sent."""
        with self._lock:
            blocks = list(self._blocks)
            messages: list[str | bytes] = [*self._words, *self._results]
            self._words.clear()
            self._results.clear()
            self._blocks.clear()
        return [*(sound_message(block) for block in blocks), *messages]

    def _wake(self) -> None:
        # A loop that ends while a microphone still sends takes no calls.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.changed.set)
