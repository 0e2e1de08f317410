"""The WebSocket of the view Layers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
import contextlib
from typing import Any

from anyio import CapacityLimiter
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from nn_perception.studio.backend.cameras import Cameras
from nn_perception.studio.layers.messages import MessageError, parse_picture, parse_text
from nn_perception.studio.layers.networks import Networks
from nn_perception.studio.layers.session import Session

PATH = '/layers/socket'
# What all pages together may do at a time; a look takes some milliseconds.
CALLS_AT_A_TIME = 6
POLICY_VIOLATION = 1008
# A reason of a close has at most 123 bytes.
MAX_REASON = 120


def add_layers_socket(app: FastAPI, cameras: Cameras, networks: Networks) -> None:
    """
    Add the WebSocket of the view to an application, see
    :mod:`nn_perception.studio.layers.messages`.

    :param cameras: that may be looked at
    :param networks: that may be looked into
    """
    limiters: list[CapacityLimiter] = []

    async def serve(socket: WebSocket) -> None:
        if not limiters:
            limiters.append(CapacityLimiter(CALLS_AT_A_TIME))
        await socket.accept()
        session = Session(cameras, networks, limiters[0])
        try:
            await _until_first(
                _read(socket, session),
                _write(socket, session),
                session.open_networks(),
                session.look(),
                session.answer(),
                session.watch_run(),
                session.check(),
            )
        finally:
            # Also when the server stops, no camera and no process may keep this page.
            await asyncio.shield(session.close())

    app.add_api_websocket_route(PATH, serve)


async def _until_first(*parts: Coroutine[Any, Any, None]) -> None:
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


async def _read(socket: WebSocket, session: Session) -> None:
    """Follow the messages of the browser until it is gone, or sends something else."""
    try:
        while True:
            message = await socket.receive()
            if message['type'] != 'websocket.receive':
                return
            text = message.get('text')
            await session.follow(
                parse_picture(message.get('bytes') or b'') if text is None else parse_text(text)
            )
    except MessageError as error:
        reason = str(error)[:MAX_REASON]
        with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
            await socket.close(POLICY_VIOLATION, reason)


async def _write(socket: WebSocket, session: Session) -> None:
    """Send what waits, until the browser is gone."""
    outbox = session.outbox
    with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
        while True:
            await outbox.changed.wait()
            outbox.changed.clear()
            for message in outbox.take():
                if isinstance(message, str):
                    await socket.send_text(message)
                else:
                    await socket.send_bytes(message)
