"""What no browser asks for."""

from __future__ import annotations

from nn_perception.core.quoting import quoted
from nn_perception.studio.access.limits.socket_io import is_socket_io
from nn_perception.studio.access.limits.table import (
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_PATH,
    MAX_QUERY,
)
from nn_perception.studio.access.refusal import RefusedError
from nn_perception.studio.access.request_head import RequestHead, WEBSOCKET
from nn_perception.studio.access.response_headers import STATIC
from starlette.types import Scope

# OPTIONS is not among them: it would ask what a page elsewhere may do here, which is nothing.
METHODS = ('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', WEBSOCKET)
# The server is its own proxy; what claims to come from one could change addresses in pages.
PROXY_HEADERS = (b'x-forwarded-', b'forwarded', b'x-real-ip')
# Pages are changed on their way, and pictures are compressed already.
ENCODINGS = b'accept-encoding'
# Descriptions of the routes load scripts from elsewhere, and tell more than the page.
CLOSED_PATHS = ('/docs', '/redoc', '/openapi.json')


def check_shape(head: RequestHead) -> None:
    """
    Refuse what no browser asks for.

    :raises RefusedError: says what is wrong
    """
    if head.method not in METHODS:
        sentence = f'The method {quoted(head.method)} is not answered.'
        raise RefusedError('method', sentence, status=405)
    if len(head.path) > MAX_PATH or len(head.query) > MAX_QUERY:
        raise RefusedError('path', 'The address is too long.', status=414)
    if head.header_bytes > MAX_HEAD_BYTES or sum(map(len, head.headers.values())) > MAX_HEADERS:
        raise RefusedError('headers', 'The request has too many headers.', status=431)
    if not _is_plain(head.path):
        raise RefusedError('path', 'The address is not one of this server.', status=400)
    if head.path in CLOSED_PATHS:
        raise RefusedError('path', 'There is no such page.', status=404)
    if is_socket_io(head.path) and not head.is_socket:
        raise RefusedError('polling', 'This address is for WebSockets only.', status=400)


def for_application(scope: Scope) -> Scope:
    """Leave out the headers that the application must not see."""
    is_static = scope['path'].startswith(STATIC)
    left_out = PROXY_HEADERS if is_static else (*PROXY_HEADERS, ENCODINGS)
    kept = [pair for pair in scope['headers'] if not pair[0].lower().startswith(left_out)]
    return {**scope, 'headers': kept}


def _is_plain(path: str) -> bool:
    if not path.startswith('/') or path.startswith('//') or '\\' in path:
        return False
    return path.isprintable() and '..' not in path.split('/')
