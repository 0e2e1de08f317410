"""What waits to be sent to one page of the view Layers."""

from __future__ import annotations

import asyncio
from collections import deque
import json

# More wait only if the browser reads nothing.
MAX_WAITING = 64


class Outbox:
    """
    What waits to be sent to one page; used in the event loop only.

    :ivar changed: set when there is something to send
    """

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._waiting: deque[str | bytes] = deque(maxlen=MAX_WAITING)
        self._said: dict[str, str] = {}

    def put(self, message: str | bytes) -> None:
        """Let a message wait; the oldest ones are dropped if nobody reads them."""
        self._waiting.append(message)
        self.changed.set()

    def say(self, about: str, sentence: str) -> None:
        """
        Tell the user why nothing comes; empty: all is well again.

        :param about: ``network``, ``input`` or ``run``
        """
        if sentence != self._said.get(about, ''):
            self._said[about] = sentence
            self.put(json.dumps({'message': sentence, 'about': about}))

    def take(self) -> list[str | bytes]:
        """Take all that waits."""
        messages = list(self._waiting)
        self._waiting.clear()
        return messages
