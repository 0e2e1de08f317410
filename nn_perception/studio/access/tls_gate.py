"""Encrypt connections, but wait for none of them long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
import ssl
from typing import Any, cast

from nn_perception.studio.access.limits.connections import Connections
from nn_perception.studio.access.limits.table import HEAD_TIMEOUT_S
from uvicorn.protocols.utils import get_remote_addr


class TlsGate(asyncio.Protocol):
    """
    Encrypt a connection, and hand it to another protocol.

    The server itself counts a connection only when it is encrypted, and waits for that as long
    as the client likes: strangers could take all file descriptors of the process.
    This needs the event loop of Python: another one reads before the handshake has begun.

    :param make: creates the protocol that gets the encrypted connection
    :param context: has the certificate
    :param watch: of all connections that are not encrypted yet
    :param options: for that protocol
    """

    def __init__(
        self,
        *,
        make: Callable[..., asyncio.Protocol],
        context: ssl.SSLContext,
        watch: Connections,
        **options: Any,
    ) -> None:
        self._make = partial(make, **options)
        self._context = context
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._handshake: asyncio.Task[None] | None = None
        self.waiting_since_s = self._loop.time()
        self.client: tuple[str, int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast(asyncio.Transport, transport)
        self.client = get_remote_addr(self.transport)
        self._handshake = self._loop.create_task(self._encrypt())
        self._watch.add(self)

    def data_received(self, _: bytes) -> None:
        """Close the connection: what came belongs to the handshake, and is lost to it."""
        self._watch.abort(self, 'it was read before its handshake')

    async def _encrypt(self) -> None:
        early = _Early()
        if self.transport.is_closing():
            return
        try:
            encrypted = await self._loop.start_tls(
                self.transport,
                early,
                self._context,
                server_side=True,
                ssl_handshake_timeout=HEAD_TIMEOUT_S,
            )
        except OSError as error:
            # It is gone, does not speak TLS, or took too long. The trace refers to the buffers,
            # and they to the error: without it they are freed at once.
            error.__traceback__ = None
            self.transport.abort()
            return
        finally:
            self._watch.remove(self)
        if encrypted is not None:
            early.hand_over(encrypted, self._make())


class _Early(asyncio.Protocol):
    """Keeps what comes between the end of the handshake and the moment when it is noticed."""

    def __init__(self) -> None:
        self._content = bytearray()
        self._lost = False
        self._error: Exception | None = None

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        self._content += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember it."""
        self._lost, self._error = True, exc

    def hand_over(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        """Give the connection and what was kept to another protocol."""
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._content:
            protocol.data_received(bytes(self._content))
        if self._lost:
            protocol.connection_lost(self._error)
