"""A WebSocket, as far as a client may stretch it."""

from __future__ import annotations

import anyio
from nn_perception.studio.access.limits.rates import Bucket
from nn_perception.studio.access.limits.socket_io import check_message, is_socket_io
from nn_perception.studio.access.limits.table import (
    MESSAGE_BURST,
    message_limit,
    MESSAGES_HZ,
    SEND_TIMEOUT_S,
    size_words,
)
from nn_perception.studio.access.refusal import RefusalLog, RefusedError
from nn_perception.studio.access.request_head import RequestHead
from starlette.types import Message, Receive, Send

TOO_BIG, GOING_AWAY = 1009, 1001
# A reason has at most 123 bytes.
MAX_REASON = 120


class GuardedSocket:
    """
    A WebSocket within limits.

    When a message goes beyond them, the socket is closed with the reason, and the application
    sees a client that is gone.

    :param head: of the handshake
    """

    def __init__(
        self, head: RequestHead, receive: Receive, send: Send, refusals: RefusalLog
    ) -> None:
        self._head, self._refusals = head, refusals
        self._receive, self._send = receive, send
        self._limit = message_limit(head.path)
        self._rate = Bucket(MESSAGE_BURST, MESSAGES_HZ)
        self._is_socket_io = is_socket_io(head.path)
        self._code = 0

    @property
    def given_up(self) -> bool:
        """Whether it was closed because the client went beyond the limits."""
        return self._code != 0

    async def receive(self) -> Message:
        """Receive a message."""
        while True:
            if self._code:
                return {'type': 'websocket.disconnect', 'code': self._code, 'reason': ''}
            message = await self._receive()
            if message['type'] != 'websocket.receive':
                return message
            try:
                if self._passes(message):
                    return message
            except RefusedError as refused:
                self._refusals.add_request(self._head, refused)
                await self._close(refused)

    async def send(self, message: Message) -> None:
        """Send a message, unless the socket was closed meanwhile."""
        if self._code:
            return
        try:
            with anyio.fail_after(SEND_TIMEOUT_S):
                await self._send(message)
        except TimeoutError:
            refused = RefusedError('slow', 'The client does not read what is sent.')
            self._refusals.add_request(self._head, refused)
            self._code = GOING_AWAY
            raise OSError(refused.sentence) from None

    def _passes(self, message: Message) -> bool:
        """Whether the application gets a message."""
        text, content = message.get('text'), message.get('bytes')
        size = len(text or '') if content is None else len(content)
        if size > self._limit:
            sentence = f'A message is larger than {size_words(self._limit)}.'
            raise RefusedError('size', sentence, close_code=TOO_BIG)
        if not self._rate.take():
            raise RefusedError('rate', 'There are too many messages.')
        return not self._is_socket_io or check_message(text)

    async def _close(self, refused: RefusedError) -> None:
        self._code = refused.close_code
        message = {'type': 'websocket.close', 'code': self._code}
        reason = refused.sentence.encode('ascii', 'backslashreplace')[:MAX_REASON].decode()
        with anyio.move_on_after(SEND_TIMEOUT_S):
            await self._send({**message, 'reason': reason})
