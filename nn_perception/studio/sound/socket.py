"""The WebSocket that brings sound and results to the browser, and its own sound to the server."""

from __future__ import annotations

import asyncio
from functools import partial

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, WebSocket
from nn_perception.studio.sockets import receive_all, run_until_first, send_all
from nn_perception.studio.sound.messages import parse_text
from nn_perception.studio.sound.session import SoundSession
from nn_perception.studio.studio import Studio

PATH = '/sound/socket'
# Browsers that are heard at a time; others wait for some milliseconds.
HEARD_AT_A_TIME = 2


def add_sound_socket(app: FastAPI, studio: Studio) -> None:
    """Add the WebSocket to an application, see :mod:`nn_perception.studio.sound.messages`."""
    limiters: list[CapacityLimiter] = []

    async def serve(socket: WebSocket) -> None:
        if not limiters:
            limiters.append(CapacityLimiter(HEARD_AT_A_TIME))
        await socket.accept()
        session = SoundSession(studio.backend.sounds, studio.hearing, limiters[0])
        try:
            await run_until_first(
                receive_all(socket, partial(_follow, session)),
                send_all(socket, session.outbox),
                session.check(),
                session.hear(),
            )
        finally:
            # Also when the server stops, no microphone may keep this listener.
            await asyncio.shield(to_thread.run_sync(session.close))

    app.add_api_websocket_route(PATH, serve)


async def _follow(session: SoundSession, message: str | bytes) -> None:
    """
    Follow one message.

    :raises MessageError: if no page of ours sends it
    """
    if isinstance(message, bytes):
        session.offer(message)
    else:
        await session.listen(parse_text(message))
