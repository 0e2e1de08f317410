"""The WebSocket of the view Layers."""

from __future__ import annotations

import asyncio
from functools import partial

from anyio import CapacityLimiter
from fastapi import FastAPI, WebSocket
from nn_perception.studio.backend.cameras import Cameras
from nn_perception.studio.layers.messages import parse_picture, parse_text
from nn_perception.studio.layers.networks import Networks
from nn_perception.studio.layers.session import Session
from nn_perception.studio.sockets import receive_all, run_until_first, send_all

PATH = '/layers/socket'
# What all pages together may do at a time; a look takes some milliseconds.
CALLS_AT_A_TIME = 6


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
            await run_until_first(
                receive_all(socket, partial(_follow, session)),
                send_all(socket, session.outbox),
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


async def _follow(session: Session, message: str | bytes) -> None:
    """
    Follow one message.

    :raises MessageError: if no page of ours sends it
    """
    parsed = parse_text(message) if isinstance(message, str) else parse_picture(message)
    await session.follow(parsed)
