"""A browser that watches a camera: what the WebSocket of the page sends, without the page."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
import json
import threading
import time
from typing import Any

from nn_perception.studio.viewer.messages import IMAGE_HEADER
from nn_perception.studio.viewer.socket import PATHS
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin


@dataclass(frozen=True)
class ReceivedPicture:
    """
    A picture that has arrived.

    :ivar stamp_ns: of its capture
    :ivar age_ms: when its last byte was received
    :ivar jpeg: the picture
    """

    stamp_ns: int
    age_ms: float
    jpeg: bytes


@dataclass
class ViewerClient:
    """
    Watch a camera; each picture is acknowledged at once.

    :ivar pictures: those that have arrived
    :ivar results: those that have arrived, as they were sent
    :ivar messages: sentences for people
    """

    address: str
    camera: str
    capabilities: tuple[str, ...] = ()
    pictures: list[ReceivedPicture] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Connect, and begin to receive."""
        url = self.address.replace('http', 'ws', 1) + PATHS[0]
        self._leave = ExitStack()
        connecting = connect(url, origin=Origin(self.address), max_size=None)
        self._socket: ClientConnection = self._leave.enter_context(connecting)
        wanted = {'watch': self.camera, 'capabilities': list(self.capabilities)}
        self._socket.send(json.dumps(wanted))
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()

    def close(self) -> None:
        """Leave."""
        self._leave.close()
        self._thread.join()

    def _receive(self) -> None:
        try:
            for message in self._socket:
                self._take(message)
        except ConnectionClosed:
            pass

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            now_ns = time.time_ns()
            _, number, stamp_ns, *_ = IMAGE_HEADER.unpack_from(message)
            self._socket.send(json.dumps({'ack': number}))
            age_ms = (now_ns - stamp_ns) * 1e-6
            jpeg = message[IMAGE_HEADER.size :]
            self.pictures.append(ReceivedPicture(stamp_ns, age_ms, jpeg))
            return
        content = json.loads(message)
        if 'result' in content:
            self.results.append(content)
        elif 'message' in content:
            self.messages.append(content['message'])
