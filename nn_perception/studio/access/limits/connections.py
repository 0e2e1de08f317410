"""Connections as long as something happens on them."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from nn_perception.studio.access.limits.table import (
    CLOSE_TIMEOUT_S,
    HEAD_TIMEOUT_S,
    MAX_FRAGMENTS,
    MAX_UNREAD_BYTES,
)
from nn_perception.studio.access.refusal import RefusalLog
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

SWEEP_S = 1.0


class Connection(Protocol):
    """One side of a connection, as the server sees it."""

    transport: asyncio.Transport
    client: tuple[str, int] | None

    @property
    def waiting_since_s(self) -> float | None:
        """Since when it waits for a request; None while one is answered."""


class Connections:
    """
    Close the connections that only take room.

    The server itself waits without end for the first request, for one that comes byte by byte,
    and for a client that does not take the last bytes before it closes.

    :param limit: largest number of connections; beyond it, the one that has waited longest goes
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: set[Connection] = set()
        self._closing_since_s: dict[Connection, float] = {}
        self._refusals = RefusalLog()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: Connection) -> None:
        """Watch a new connection."""
        waiting = [other for other in self._open if other.waiting_since_s is not None]
        self._open.add(connection)
        if len(self._open) > self._limit:
            oldest = min(waiting, key=lambda other: other.waiting_since_s or 0, default=connection)
            self._abort(oldest, 'connections', f'there are more than {self._limit} connections')
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is gone."""
        self._open.discard(connection)
        self._closing_since_s.pop(connection, None)

    def abort(self, connection: Connection, reason: str) -> None:
        """Close a connection at once, and say why in the log."""
        self._abort(connection, 'stretched', reason)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for connection in tuple(self._open):
            if connection.transport.is_closing():
                since_s = self._closing_since_s.setdefault(connection, now_s)
                if now_s - since_s > CLOSE_TIMEOUT_S:
                    connection.transport.abort()
                continue
            waiting_s = now_s - (connection.waiting_since_s or now_s)
            if waiting_s > HEAD_TIMEOUT_S:
                self._abort(connection, 'idle', f'no request came in {HEAD_TIMEOUT_S:.0f} s')
        self._timer = loop.call_later(SWEEP_S, self._sweep) if self._open else None

    def _abort(self, connection: Connection, kind: str, reason: str) -> None:
        host = (connection.client or ('unknown', 0))[0]
        self._refusals.add(kind, f'closed a connection of {host}: {reason}')
        # It reports that it is lost only later.
        self.remove(connection)
        connection.transport.abort()


class WatchedHttp(H11Protocol):
    """
    A connection with HTTP requests.

    :param watch: of all connections
    """

    def __init__(self, *arguments: Any, watch: Connections, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._watch = watch
        self._waiting_since_s = self.loop.time()

    @property
    def waiting_since_s(self) -> float | None:
        """Since when it waits for a request; None while one is answered."""
        answering = self.cycle is not None and not self.cycle.response_complete
        return None if answering else self._waiting_since_s

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self._watch.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._watch.remove(self)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._waiting_since_s = self.loop.time()
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Leave the connection to a WebSocket."""
        self._watch.remove(self)
        super().handle_websocket_upgrade(event)


class WatchedSocket(WebSocketsSansIOProtocol):
    """
    A connection with a WebSocket.

    :param watch: of all connections
    """

    waiting_since_s = None

    def __init__(self, *arguments: Any, watch: Connections, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._watch = watch

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self._watch.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._watch.remove(self)
        super().connection_lost(exc)

    def handle_cont(self, event: Frame) -> None:
        """Take a part of a message; even empty ones need memory."""
        if len(self.frames) >= MAX_FRAGMENTS:
            reason = f'a message has more than {MAX_FRAGMENTS} parts'
            self._watch.abort(self, reason)
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping, unless nobody reads the answers."""
        if self.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self._watch.abort(self, 'it sends pings and does not read the answers')
            return
        super().handle_ping()
