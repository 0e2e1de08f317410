"""What goes over the WebSocket of the view Layers, as a test sees it."""

from __future__ import annotations

from collections.abc import Callable
import json
import struct
from typing import Any

import numpy as np
from patience import wait_until

DRAWING = 2


class Traffic:
    """
    Messages between a page of Playwright and the server.

    :ivar sent: messages of the browser
    :ivar looks: header and content of each look
    :ivar texts: other messages of the server
    :ivar opened: number of connections so far
    :ivar closed: number of those that have ended
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.sent: list[str | bytes] = []
        self.looks: list[tuple[dict[str, Any], bytes]] = []
        self.texts: list[dict[str, Any]] = []
        self.opened = self.closed = self._next = 0
        page.on('websocket', self._watch)

    def wait(self, condition: Callable[[], Any]) -> Any:
        """Wait until a condition holds; Playwright reports messages only meanwhile."""

        def holds() -> Any:
            self.page.wait_for_timeout(20)
            return condition()

        return wait_until(holds)

    def look(self, fits: Callable[[dict[str, Any]], Any] = lambda _: True) -> Any:
        """Wait for a look whose header fits, later than the one that was returned before."""

        def found() -> Any:
            for index in range(self._next, len(self.looks)):
                if fits(self.looks[index][0]):
                    self._next = index + 1
                    return self.looks[index]
            return None

        return self.wait(found)

    def drawing(self) -> np.ndarray:
        """Return the last drawing that was sent, uint8, ``(H, W)``."""
        drawings = [one for one in self.sent if isinstance(one, bytes) and one[0] == DRAWING]
        width, height = struct.unpack_from('<HH', drawings[-1], 8)
        return np.frombuffer(drawings[-1][12:], np.uint8).reshape(height, width)

    def _watch(self, socket: Any) -> None:
        if not socket.url.endswith('/layers/socket'):
            return
        self.opened += 1
        socket.on('framesent', self._send)
        socket.on('framereceived', self._receive)
        socket.on('close', self._close)

    def _send(self, message: str | bytes) -> None:
        self.sent.append(message)

    def _close(self, _: Any) -> None:
        self.closed += 1

    def _receive(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.texts.append(json.loads(message))
            return
        (length,) = struct.unpack_from('<I', message)
        self.looks.append((json.loads(message[4 : 4 + length]), message[4 + length :]))


def maps_of(look: tuple[dict[str, Any], bytes]) -> dict[str, np.ndarray]:
    """Return the values of each layer of a look, uint8."""
    header, content = look
    maps, offset = {}, 0
    for one in header['maps']:
        count = int(np.prod(one['shape']))
        values = np.frombuffer(content[offset : offset + count], np.uint8)
        maps[one['layer']] = values.reshape(one['shape'])
        offset += count
    return maps
