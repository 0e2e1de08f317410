"""The body of a request, and the response, as far as a client may stretch them."""

from __future__ import annotations

import time

import anyio
from nn_perception.studio.access.limits.table import (
    body_limit,
    BODY_PAUSE_S,
    SEND_TIMEOUT_S,
    size_words,
    SLOW_START_S,
    SLOWEST_BODY_HZ,
)
from nn_perception.studio.access.refusal import RefusedError
from nn_perception.studio.access.request_head import RequestHead
from starlette.types import Message, Receive, Send


class Exchange:
    """
    The body of a request and its response, within limits.

    When the body goes beyond them, the application sees a client that is gone, and the client
    gets the sentence of :attr:`refused`.

    :param head: of the request
    :ivar refused: why the body was refused; None if it was not
    :ivar started: whether a response has begun
    """

    def __init__(self, head: RequestHead, receive: Receive, send: Send) -> None:
        self.refused: RefusedError | None = None
        self.started = False
        self._limit = body_limit(head.path)
        self._receive, self._send = receive, send
        self._size = 0
        self._began_s = time.monotonic()
        self._complete = False
        length = head.header('content-length')
        if length.isascii() and length.isdigit() and int(length[:20]) > self._limit:
            raise self._too_large()

    async def receive(self) -> Message:
        """Receive a part of the body."""
        if self.refused is not None:
            return {'type': 'http.disconnect'}
        if self._complete:
            return await self._receive()
        try:
            with anyio.fail_after(BODY_PAUSE_S):
                message = await self._receive()
        except TimeoutError:
            self.refused = self._too_slow()
            return {'type': 'http.disconnect'}
        if message['type'] == 'http.request':
            self._size += len(message.get('body', b''))
            self._complete = not message.get('more_body', False)
            self.refused = self._check()
        return message if self.refused is None else {'type': 'http.disconnect'}

    async def send(self, message: Message) -> None:
        """Send a part of the response, unless the request was refused meanwhile."""
        if self.refused is not None and not self.started:
            return
        self.started = True
        try:
            with anyio.fail_after(SEND_TIMEOUT_S):
                await self._send(message)
        except TimeoutError:
            self.refused = RefusedError('slow', 'The client does not read what is sent.')
            raise OSError(self.refused.sentence) from None

    def _check(self) -> RefusedError | None:
        if self._size > self._limit:
            return self._too_large()
        took_s = time.monotonic() - self._began_s - SLOW_START_S
        if not self._complete and took_s > 0 and self._size < took_s * SLOWEST_BODY_HZ:
            return self._too_slow()
        return None

    def _too_large(self) -> RefusedError:
        sentence = f'The request is larger than {size_words(self._limit)}.'
        return RefusedError('size', sentence, status=413)

    def _too_slow(self) -> RefusedError:
        return RefusedError('slow', 'The request arrives too slowly.', status=408)


async def read_form(receive: Receive, limit: int) -> bytes:
    """
    Read the body of a small request.

    :param limit: largest accepted size in bytes
    :raises RefusedError: if it is larger, or the client is gone
    """
    body = bytearray()
    while True:
        message = await receive()
        if message['type'] != 'http.request':
            raise RefusedError('slow', 'The request is not complete.', status=400)
        body += message.get('body', b'')
        if len(body) > limit:
            raise RefusedError('size', f'The form is larger than {size_words(limit)}.', status=413)
        if not message.get('more_body', False):
            return bytes(body)
