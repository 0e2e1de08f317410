"""The WebSocket that brings pictures and results to the browser."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
import contextlib
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from nn_perception.studio.backend.cameras import Cameras
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.viewer.messages import (
    Acknowledge,
    MessageError,
    parse_picture,
    parse_text,
)
from nn_perception.studio.viewer.viewer import Viewer

# Larger messages are let through to the second one: pictures of browsers.
PATHS = ('/viewer/socket', '/viewer/upload')
# Pictures of browsers that are processed at a time.
PICTURES_AT_A_TIME = 3
POLICY_VIOLATION = 1008
# A reason of a close has at most 123 bytes.
MAX_REASON = 120


def add_viewer_socket(app: FastAPI, cameras: Cameras, perception: Perception) -> None:
    """
    Add the WebSocket of the viewers to an application, see
    :mod:`nn_perception.studio.viewer.messages`.

    :param cameras: that may be watched
    :param perception: processes the pictures that browsers send
    """
    limiters: list[CapacityLimiter] = []

    async def serve(socket: WebSocket) -> None:
        if not limiters:
            limiters.append(CapacityLimiter(PICTURES_AT_A_TIME))
        await socket.accept()
        viewer = Viewer(cameras, perception, limiters[0])
        try:
            await _until_first(
                _read(socket, viewer),
                _write(socket, viewer),
                viewer.check(),
                viewer.process_pictures(),
            )
        finally:
            # Also when the server stops, no camera may keep this listener.
            await asyncio.shield(to_thread.run_sync(viewer.close))

    for path in PATHS:
        app.add_api_websocket_route(path, serve)


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


async def _read(socket: WebSocket, viewer: Viewer) -> None:
    """Follow the messages of the browser until it is gone, or sends something else."""
    try:
        while True:
            message = await socket.receive()
            if message['type'] != 'websocket.receive':
                return
            await _follow(message, viewer)
    except MessageError as error:
        reason = str(error)[:MAX_REASON]
        with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
            await socket.close(POLICY_VIOLATION, reason)


async def _follow(message: Any, viewer: Viewer) -> None:
    """
    Follow one message.

    :raises MessageError: if no page of ours sends it
    """
    if (text := message.get('text')) is not None:
        parsed = parse_text(text)
        if isinstance(parsed, Acknowledge):
            viewer.outbox.acknowledge(parsed.number)
        else:
            await viewer.watch(parsed)
    else:
        viewer.offer(parse_picture(message.get('bytes') or b''))


async def _write(socket: WebSocket, viewer: Viewer) -> None:
    """Send what waits, until the browser is gone."""
    outbox = viewer.outbox
    with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
        while True:
            await outbox.changed.wait()
            outbox.changed.clear()
            for message in outbox.take():
                if isinstance(message, str):
                    await socket.send_text(message)
                else:
                    await socket.send_bytes(message)
