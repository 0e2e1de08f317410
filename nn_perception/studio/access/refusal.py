"""A request that is refused: the sentence for the client, and a line in the log."""

from __future__ import annotations

from dataclasses import dataclass
import logging
import time

from nn_perception.core.quoting import quoted
from nn_perception.studio.access.request_head import RequestHead
from starlette.types import Send

LOG = logging.getLogger('nn_perception.studio.access')

# One line of a kind in this time; a client that floods the server must not flood the log.
QUIET_S = 1.0
POLICY_VIOLATION = 1008


@dataclass
class RefusedError(Exception):
    """
    A request must not reach the application.

    :param kind: ``host``, ``origin``, ``token``, ``rate`` and so on; one of a few
    :param sentence: why, in words; what the client wrote is quoted in it
    :param status: of the HTTP response
    :param retry_after_s: when it makes sense to ask again; 0: it never does
    :param close_code: with which a WebSocket is closed
    """

    kind: str
    sentence: str
    status: int = 403
    retry_after_s: int = 0
    close_code: int = POLICY_VIOLATION

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence


class RefusalLog:
    """Log what was refused, at most a line a second of each kind."""

    def __init__(self) -> None:
        self._quiet_until_s: dict[str, float] = {}
        self._unlogged: dict[str, int] = {}

    def add_request(self, head: RequestHead, refused: RefusedError) -> None:
        """Log a refused request, or count it."""
        request = f'{quoted(head.method)} {quoted(head.path)} of {head.client}'
        self.add(refused.kind, f'refused {request}: {refused.sentence}')

    def add(self, kind: str, line: str) -> None:
        """Log a line, or count it."""
        now_s = time.monotonic()
        if now_s < self._quiet_until_s.get(kind, now_s):
            self._unlogged[kind] = self._unlogged.get(kind, 0) + 1
            return
        self._quiet_until_s[kind] = now_s + QUIET_S
        more = self._unlogged.pop(kind, 0)
        LOG.warning('%s%s', line, f' ({more} more of this kind before)' if more else '')


async def send_refusal(send: Send, refused: RefusedError) -> None:
    """Answer an HTTP request with the sentence, and close the connection."""
    body = f'{refused.sentence}\n'.encode('utf-8', 'backslashreplace')
    headers = [
        (b'content-type', b'text/plain; charset=utf-8'),
        (b'content-length', str(len(body)).encode()),
        # What it still sends, a large body for example, is not read.
        (b'connection', b'close'),
    ]
    if refused.retry_after_s:
        headers.append((b'retry-after', str(refused.retry_after_s).encode()))
    if refused.status == 401:
        headers.append((b'www-authenticate', b'Bearer'))
    await send({'type': 'http.response.start', 'status': refused.status, 'headers': headers})
    await send({'type': 'http.response.body', 'body': body})


async def send_socket_refusal(send: Send, refused: RefusedError, has_responses: bool) -> None:
    """
    Answer the handshake of a WebSocket with the sentence.

    :param has_responses: whether the server can send a response, not only close the connection
    """
    if not has_responses:
        await send({'type': 'websocket.close', 'code': POLICY_VIOLATION})
        return
    body = f'{refused.sentence}\n'.encode('utf-8', 'backslashreplace')
    headers = [(b'content-type', b'text/plain; charset=utf-8')]
    kind = 'websocket.http.response'
    await send({'type': f'{kind}.start', 'status': refused.status, 'headers': headers})
    await send({'type': f'{kind}.body', 'body': body})
