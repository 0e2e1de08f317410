"""Mark the scripts of a page, so that the browser runs no others."""

from __future__ import annotations

import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

# NiceGUI escapes what is shown on a page: a literal tag is one of its template.
_SCRIPT = re.compile(rb'<script(?=[\s>])')


class MarkedScripts:
    """
    Sends a response; if it is a page, its scripts carry a secret that the policy names.

    What a stranger smuggles into the page later, a link that begins with ``javascript:`` for
    example, does not know the secret and does not run.

    :param send: sends the messages on
    :ivar nonce: the secret, new for each page
    """

    def __init__(self, send: Send) -> None:
        self.nonce = secrets.token_urlsafe(16)
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Send a message; the parts of a page are collected first."""
        if message['type'] == 'http.response.start' and _is_plain_page(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get('body', b'')
            if not message.get('more_body', False):
                await self._send_page(self._start)

    async def _send_page(self, start: Message) -> None:
        tag = f'<script nonce="{self.nonce}"'.encode()
        body = _SCRIPT.sub(tag, bytes(self._body))
        headers = MutableHeaders(raw=start['headers'])
        # An answer to HEAD has the length of the page, but no body.
        if body:
            headers['content-length'] = str(len(body))
        self._start = None
        await self._send(start)
        await self._send({'type': 'http.response.body', 'body': body})


def _is_plain_page(message: Message) -> bool:
    headers = MutableHeaders(raw=message.setdefault('headers', []))
    return is_page(message) and 'content-encoding' not in headers


def is_page(message: Message) -> bool:
    """Whether a response is a page."""
    headers = MutableHeaders(raw=message.get('headers', []))
    return headers.get('content-type', '').startswith('text/html')
