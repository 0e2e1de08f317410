"""The WebSocket that brings pictures and results to the browser."""

from __future__ import annotations

import asyncio
from functools import partial

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, WebSocket
from nn_perception.studio.backend.cameras import Cameras
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.sockets import receive_all, run_until_first, send_all
from nn_perception.studio.viewer.messages import Acknowledge, parse_picture, parse_text
from nn_perception.studio.viewer.viewer import Viewer

# Larger messages are let through to the second one: pictures of browsers.
PATHS = ('/viewer/socket', '/viewer/upload')
# Pictures of browsers that are processed at a time.
PICTURES_AT_A_TIME = 3


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
            await run_until_first(
                receive_all(socket, partial(_follow, viewer)),
                send_all(socket, viewer.outbox),
                viewer.check(),
                viewer.process_pictures(),
            )
        finally:
            # Also when the server stops, no camera may keep this listener.
            await asyncio.shield(to_thread.run_sync(viewer.close))

    for path in PATHS:
        app.add_api_websocket_route(path, serve)


async def _follow(viewer: Viewer, message: str | bytes) -> None:
    """
    Follow one message.

    :raises MessageError: if no page of ours sends it
    """
    if isinstance(message, bytes):
        viewer.offer(parse_picture(message))
        return
    parsed = parse_text(message)
    if isinstance(parsed, Acknowledge):
        viewer.outbox.acknowledge(parsed.number)
    else:
        await viewer.watch(parsed)
