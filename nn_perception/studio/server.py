"""The server of the page: one port for pages, pictures and WebSockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import logging
from pathlib import Path
import socket
import threading
from urllib.parse import urlencode

from fastapi import FastAPI
from nicegui import Client, ui
from nn_perception.core.memory import return_image_buffers
from nn_perception.studio.access.access import protect, uvicorn_limits
from nn_perception.studio.shell import add_pages
from nn_perception.studio.studio import Studio
import uvicorn

LOG = logging.getLogger(__name__)

FAVICON = Path(__file__).with_name('favicon.svg')
START_TIMEOUT_S = 30.0
# A WebSocket whose browser does not answer must not keep the process.
STOP_TIMEOUT_S = 2


class StudioServer:
    """
    Serve the page in a thread of its own.

    A process can have one at a time, since NiceGUI keeps its state in modules.

    :param studio: what the views share
    :raises OSError: if the address cannot be bound
    """

    def __init__(self, studio: Studio) -> None:
        return_image_buffers()
        self._studio = studio
        options = studio.options
        self._socket = _bind(options.host, options.port)
        self._started = threading.Event()
        app = FastAPI(lifespan=self._lifespan, docs_url=None, redoc_url=None, openapi_url=None)
        add_pages(app, studio)
        ui.run_with(
            app,
            title='nn_perception',
            favicon=FAVICON,
            dark=None,
            language='en-US',
            reconnect_timeout=10.0,
            show_welcome_message=False,
        )
        self._server = uvicorn.Server(
            uvicorn.Config(
                protect(app, options),
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=STOP_TIMEOUT_S,
                **uvicorn_limits(options),
            )
        )
        self._thread = threading.Thread(target=self._run, name='studio', daemon=True)

    @property
    def url(self) -> str:
        """The address of the page, for a browser on this machine; with the token."""
        options = self._studio.options
        query = f'/?{urlencode({"token": options.token})}' if options.token else '/'
        return self.address + query

    @property
    def address(self) -> str:
        """The address without the token, for what others may read."""
        options = self._studio.options
        scheme = 'https' if options.certificate else 'http'
        host, port = self._socket.getsockname()[:2]
        shown = 'localhost' if options.is_loopback or host in ('0.0.0.0', '::') else host
        shown = f'[{shown}]' if ':' in shown else shown
        return f'{scheme}://{shown}:{port}'

    @property
    def pages(self) -> int:
        """Number of pages that are open."""
        return sum(client.has_socket_connection for client in list(Client.instances.values()))

    @property
    def running(self) -> bool:
        """Whether the page is being served."""
        return self._thread.is_alive()

    def start(self) -> None:
        """
        Start to serve.

        :raises RuntimeError: if the server does not start
        """
        self._thread.start()
        if not self._started.wait(START_TIMEOUT_S):
            self.stop()
            raise RuntimeError('the server of the page does not start')

    def stop(self) -> None:
        """Close all connections, and end the thread; the backend is the caller's to close."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(START_TIMEOUT_S)
        self._socket.close()
        self._studio.close()

    def _run(self) -> None:
        # Outside the main thread, uvicorn leaves the signals to the process.
        self._server.run(sockets=[self._socket])
        self._started.set()

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        self._started.set()
        yield


def _bind(host: str, port: int) -> socket.socket:
    """
    Bind the address before anything is started.

    :raises OSError: says which address, and what to do
    """
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise OSError(
            f'{host} port {port} cannot be used: {error.strerror}; choose another port'
        ) from error
