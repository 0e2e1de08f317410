"""What the WebSockets of all views have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
import contextlib
import json
from typing import Any, Protocol

from fastapi import WebSocket, WebSocketDisconnect
from nn_perception.studio.access.refusal import POLICY_VIOLATION

# A reason of a close has at most 123 bytes.
MAX_REASON = 120
# What sending raises when the browser is gone.
GONE = (RuntimeError, OSError, WebSocketDisconnect)


class MessageError(ValueError):
    """A message that no page of ours sends."""


class Outbox(Protocol):
    """
    What waits to be sent to a browser.

    :ivar changed: set when something may be taken
    """

    changed: asyncio.Event

    def take(self) -> Sequence[str | bytes]:
        """Take what may be sent now."""


async def run_until_first(*parts: Coroutine[Any, Any, None]) -> None:
    """Run until one of them ends, and cancel the others."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def receive_all(socket: WebSocket, follow: Callable[[str | bytes], Awaitable[None]]) -> None:
    """
    Follow the messages of a browser until it is gone, or sends something else.

    :param follow: raises :class:`MessageError` if no page of ours sends the message
    """
    try:
        while True:
            message = await socket.receive()
            if message['type'] != 'websocket.receive':
                return
            text = message.get('text')
            await follow(message.get('bytes') or b'' if text is None else text)
    except MessageError as error:
        with contextlib.suppress(*GONE):
            await socket.close(POLICY_VIOLATION, str(error)[:MAX_REASON])


async def send_all(socket: WebSocket, outbox: Outbox) -> None:
    """Send what waits, until the browser is gone."""
    with contextlib.suppress(*GONE):
        while True:
            await outbox.changed.wait()
            outbox.changed.clear()
            for message in outbox.take():
                if isinstance(message, str):
                    await socket.send_text(message)
                else:
                    await socket.send_bytes(message)


def parse_object(text: str, max_characters: int) -> dict[str, Any]:
    """
    Read a text message: a JSON object.

    :raises MessageError: if it is none, or too long
    """
    if len(text) > max_characters:
        raise MessageError(f'a message has at most {max_characters} characters')
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise MessageError('a message must be JSON') from None
    if not isinstance(message, dict):
        raise MessageError('a message must be an object')
    return message
