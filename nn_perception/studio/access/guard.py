"""The checks of every request, in front of an application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, ExitStack

from nn_perception.studio.access.addresses import Addresses, Authority, check_origin
from nn_perception.studio.access.limits import table
from nn_perception.studio.access.limits.bodies import Exchange, read_form
from nn_perception.studio.access.limits.rates import ClientBuckets
from nn_perception.studio.access.limits.socket_io import is_socket_io
from nn_perception.studio.access.limits.sockets import GuardedSocket
from nn_perception.studio.access.page_scripts import is_page, MarkedScripts
from nn_perception.studio.access.refusal import (
    RefusalLog,
    RefusedError,
    send_refusal,
    send_socket_refusal,
)
from nn_perception.studio.access.request_head import RequestHead
from nn_perception.studio.access.request_shape import check_shape, for_application
from nn_perception.studio.access.response_headers import add_headers, STATIC
from nn_perception.studio.access.sign_in import (
    brings_form,
    brings_token,
    MAX_FORM_BYTES,
    NEEDS_TOKEN,
    SignIn,
)
from nn_perception.studio.options import StudioOptions
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RETRY_S = 5
OK = 200
# More addresses are not remembered.
MAX_FILES = 500
SOCKET_RESPONSES = 'websocket.http.response'


class Guard:
    """
    The checks of every request, in front of an application.

    In this order: the name of the server (Host), the shape of the request, the page that it comes
    from (Origin), its rate, the token, and how much is open already.

    :param app: the application, with all its routes, WebSockets and files
    :param options: who may come in
    :ivar app: the application
    """

    def __init__(self, app: ASGIApp, options: StudioOptions) -> None:
        self.app = app
        self._max_pages = options.max_clients
        self._addresses = Addresses(options)
        self._sign_in = SignIn(options.token) if options.token else None
        self._refusals = RefusalLog()
        self._requests = ClientBuckets(table.REQUEST_BURST, table.REQUESTS_HZ, table.REQUEST_SHARE)
        self._pages = ClientBuckets(table.PAGE_BURST, table.PAGES_HZ, table.PAGE_SHARE)
        # Addresses that are no pages.
        self._files: set[str] = set()
        self._open = {'requests': 0, 'pages': 0, 'sockets': 0, 'large pictures': 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope['type'] == 'http':
            await self._http(scope, receive, send)
        elif scope['type'] == 'websocket':
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = RequestHead.of(scope)
        host: Authority | None = None
        scripts = MarkedScripts(send)

        async def send_with_headers(message: Message) -> None:
            if message['type'] == 'http.response.start':
                self._count_page(head, message)
                add_headers(message, head, host, scripts.nonce)
            await scripts.send(message)

        exchange: Exchange | None = None
        try:
            host = self._check(head)
            exchange = Exchange(head, receive, send_with_headers)
            answer = await self._ask_token(head, host, exchange)
            application = self.app if answer is None else answer
            with self._counted_request(head):
                await self._run(application, for_application(scope), exchange)
        except RefusedError as refused:
            self._refusals.add_request(head, refused)
            if exchange is None or not exchange.started:
                await send_refusal(send_with_headers, refused)

    def _may_be_page(self, head: RequestHead) -> bool:
        """Whether the application may answer with a page."""
        return head.is_safe and not head.path.startswith(STATIC) and head.path not in self._files

    def _count_page(self, head: RequestHead, message: Message) -> None:
        """Count a response if it is a page, also one that says that there is none."""
        if is_page(message):
            self._pages.take(head.network)
        elif message['status'] == OK and len(self._files) < MAX_FILES:
            self._files.add(head.path)

    async def _run(self, application: ASGIApp, scope: Scope, exchange: Exchange) -> None:
        """
        Let the application answer.

        :raises RefusedError: if the body went beyond the limits; how the application took
            that does not matter then
        """
        try:
            await application(scope, exchange.receive, exchange.send)
        except Exception:
            if exchange.refused is None:
                raise
        if exchange.refused is not None:
            raise exchange.refused

    async def _run_socket(self, scope: Scope, socket: GuardedSocket) -> None:
        """Let the application serve a socket; how it took that we cut it off does not matter."""
        try:
            await self.app(scope, socket.receive, socket.send)
        except Exception:
            if not socket.given_up:
                raise

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = RequestHead.of(scope)
        try:
            host = self._check(head)
            if self._sign_in is not None and not self._sign_in.knows(head, host):
                raise RefusedError('token', NEEDS_TOKEN, status=401)
            kind, limit = 'sockets', self._max_pages * table.SOCKETS_PER_PAGE
            if is_socket_io(head.path):
                kind, limit = 'pages', self._max_pages
            with self._counted(kind, limit):
                socket = GuardedSocket(head, receive, send, self._refusals)
                await self._run_socket(for_application(scope), socket)
        except RefusedError as refused:
            self._refusals.add_request(head, refused)
            responses = SOCKET_RESPONSES in scope.get('extensions', {})
            await send_socket_refusal(send, refused, responses)

    def _check(self, head: RequestHead) -> Authority:
        """
        Check the head of a request, except for the token.

        :returns: the name by which the client knows this server
        :raises RefusedError: says why it must not go on
        """
        host = self._addresses.check_host(head)
        check_shape(head)
        check_origin(head, host)
        if not self._requests.take(head.network):
            raise _too_many('requests')
        if self._may_be_page(head) and self._pages.empty(head.network):
            raise _too_many('pages')
        if head.wants_page and self._open['pages'] >= self._max_pages:
            raise RefusedError(
                'clients',
                f'{self._max_pages} pages are open already; close one, or allow more.',
                status=503,
                retry_after_s=10,
            )
        return host

    async def _ask_token(
        self, head: RequestHead, host: Authority, exchange: Exchange
    ) -> Response | None:
        """Return the answer to who brings the token or should; None if the client is known."""
        if self._sign_in is None:
            return None
        known = self._sign_in.knows(head, host)
        if known and not brings_token(head):
            return None
        form = b''
        if brings_form(head) and not known:
            form = await read_form(exchange.receive, MAX_FORM_BYTES)
        return self._sign_in.answer(head, host, known, form)

    @contextmanager
    def _counted_request(self, head: RequestHead) -> Iterator[None]:
        """
        Count a request that is worked on.

        :raises RefusedError: if there are too many
        """
        with ExitStack() as stack:
            limit = self._max_pages * table.REQUESTS_PER_PAGE
            stack.enter_context(self._counted('requests', limit))
            if not head.is_safe and table.fills_memory(head.path, head.header('content-length')):
                stack.enter_context(self._counted('large pictures', table.MAX_PICTURES))
            yield

    @contextmanager
    def _counted(self, kind: str, limit: int) -> Iterator[None]:
        """
        Count what is open.

        :raises RefusedError: if there is too much
        """
        if self._open[kind] >= limit:
            sentence = f'{limit} {kind} are open already; close one, or allow more clients.'
            raise RefusedError('clients', sentence, status=503, retry_after_s=10)
        self._open[kind] += 1
        try:
            yield
        finally:
            self._open[kind] -= 1


def _too_many(what: str) -> RefusedError:
    sentence = f'There are too many {what}; wait a few seconds.'
    return RefusedError(f'{what} rate', sentence, status=429, retry_after_s=RETRY_S)
