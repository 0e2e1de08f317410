"""Who may use the page, and what a client can cost."""

from __future__ import annotations

from functools import partial
import resource
from typing import Any

from nn_perception.studio.access.guard import Guard
from nn_perception.studio.access.limits import table
from nn_perception.studio.access.limits.connections import Connections, WatchedHttp, WatchedSocket
from nn_perception.studio.access.server_log import limit_logs
from nn_perception.studio.access.tls import tls_context
from nn_perception.studio.access.tls_gate import TlsGate
from nn_perception.studio.options import StudioOptions
from starlette.types import ASGIApp


def protect(app: ASGIApp, options: StudioOptions) -> ASGIApp:
    """Put the checks of every request in front of an application."""
    limit_logs()
    return Guard(app, options)


def uvicorn_limits(options: StudioOptions) -> dict[str, Any]:
    """
    Return the settings of the server that limit what a client can cost.

    :raises OSError: if the certificate or its key cannot be read
    :raises ValueError: if they do not belong together
    """
    watch = Connections(_max_connections(options))
    settings: dict[str, Any] = {
        # The parser in Python: it limits the size of the headers.
        'http': partial(WatchedHttp, watch=watch),
        'ws': partial(WatchedSocket, watch=watch),
        'h11_max_incomplete_event_size': table.MAX_HEAD_BYTES,
        'ws_max_size': table.LARGEST_MESSAGE_BYTES,
        # Pictures are compressed already, and each connection would keep buffers.
        'ws_per_message_deflate': False,
        # So many are accepted at once, before any is looked at.
        'backlog': table.BACKLOG,
        'timeout_keep_alive': table.KEEP_ALIVE_S,
        'server_header': False,
        # A client must not choose the address by which it is limited.
        'proxy_headers': False,
    }
    if options.certificate is not None:
        context = tls_context(options.certificate, options.key)
        settings['loop'] = 'asyncio'
        watch = Connections(table.MAX_HANDSHAKES)
        settings['http'] = partial(TlsGate, make=settings['http'], context=context, watch=watch)
    return settings


def _max_connections(options: StudioOptions) -> int:
    """Leave half of the file descriptors of the process to cameras, files and the graph."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = options.max_clients * table.CONNECTIONS_PER_PAGE + table.MORE_CONNECTIONS
    unlimited = descriptors == resource.RLIM_INFINITY
    return wanted if unlimited else min(wanted, descriptors // 2)
