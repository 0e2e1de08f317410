"""Answer the requests of other processes of this user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
import contextlib
import logging
from multiprocessing.connection import Connection
from pathlib import Path
import socket
import threading
import time

from nn_perception.training.inspection.addresses import accept, listen, shut_down
from nn_perception.training.inspection.wire import (
    decode,
    encode,
    MAX_REQUEST_BYTES,
    Message,
)

LOG = logging.getLogger(__name__)

MAX_CONNECTIONS = 32
# A request: its values, without the name of the method, and its arrays.
Method = Callable[[Message], Message]
# Calls a method, in whatever thread; gets its name too.
Dispatch = Callable[[str, Callable[[], Message]], Message]

# Errors that a request can cause, and those that the machine can.
WRONG = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
FAILED = (OSError, RuntimeError, ArithmeticError, MemoryError, AssertionError)
CROWDED = f'more than {MAX_CONNECTIONS} viewers look at a time'


def call_at_once(_: str, work: Callable[[], Message]) -> Message:
    """Call a method in the thread of its connection."""
    return work()


def answer(methods: Mapping[str, Method], content: bytes, dispatch: Dispatch) -> bytes:
    """
    Answer a request; whatever is wrong with it is said in the reply.

    :param methods: by name
    :param content: of the request, see :func:`~nn_perception.training.inspection.wire.encode`
    """
    try:
        request = decode(content)
        values = dict(request.values)
        name = values.pop('method', '')
        if not isinstance(name, str) or name not in methods:
            raise ValueError('there is no such method')
        method, stripped = methods[name], Message(values, request.arrays)
        return encode(dispatch(name, lambda: _call(method, stripped)))
    except WRONG as error:
        return encode(error_of(error, 'value'))
    except FAILED as error:
        return encode(error_of(error, 'runtime'))


def _call(method: Method, request: Message) -> Message:
    try:
        return method(request)
    except WRONG as error:
        if not isinstance(error, ValueError):
            LOG.warning('a request failed', exc_info=error)
        return error_of(error, 'value')
    except FAILED as error:
        return error_of(error, 'runtime')


def error_of(error: Exception, kind: str) -> Message:
    """Write an error; ``kind`` is ``value`` or ``runtime``."""
    text = str(error) if isinstance(error, ValueError | OSError | RuntimeError) else repr(error)
    # Half of a surrogate pair, from a name of a file, is no text.
    return Message({'error': text.encode(errors='replace').decode(), 'kind': kind})


class Server:
    """
    Answer requests, each connection in a thread of its own.

    :param address: of its socket, in a private folder
    :param open_viewer: called for each connection, returns its methods
    :param dispatch: calls the methods, for example between two steps of a training
    """

    def __init__(
        self,
        address: Path,
        open_viewer: Callable[[], Mapping[str, Method]],
        dispatch: Dispatch = call_at_once,
    ) -> None:
        """
        Begin to listen.

        :raises OSError: if the socket cannot be created
        """
        self.address = address
        self._open_viewer = open_viewer
        self._dispatch = dispatch
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()
        self._asked_s = time.monotonic()
        self._working = 0
        self._closed = False
        self._socket = listen(address)
        threading.Thread(target=self._accept, name='inspection', daemon=True).start()

    @property
    def viewers(self) -> int:
        """Number of connections."""
        return len(self._connections)

    @property
    def idle_s(self) -> float:
        """Seconds since the last request was answered; 0 while one is."""
        with self._lock:
            return 0.0 if self._working else time.monotonic() - self._asked_s

    def close(self) -> None:
        """Close all connections, and remove the socket."""
        with self._lock:
            self._closed = True
            connections = list(self._connections)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.address.unlink(missing_ok=True)
        for connection in connections:
            shut_down(connection)

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection = accept(self._socket)
            except OSError as error:
                if not self._closed:
                    LOG.warning('a connection failed: %s', error)
                    time.sleep(0.1)  # perhaps there are no more file descriptors
                continue
            if connection is not None:
                threading.Thread(
                    target=self._serve, args=(connection,), name='viewer', daemon=True
                ).start()

    def _serve(self, connection: Connection) -> None:
        """Answer the requests of a connection until it ends."""
        with connection:
            with self._lock:
                crowded = len(self._connections) >= MAX_CONNECTIONS
                if not crowded and not self._closed:
                    self._connections.add(connection)
            try:
                with contextlib.suppress(EOFError, OSError):
                    if crowded:
                        connection.send_bytes(encode(error_of(RuntimeError(CROWDED), 'runtime')))
                    elif not self._closed:
                        self._answer_all(connection)
            finally:
                with self._lock:
                    self._connections.discard(connection)

    def _answer_all(self, connection: Connection) -> None:
        methods = self._open_viewer()
        while (content := _receive(connection)) is not None:
            with self._counted():
                reply = answer(methods, content, self._dispatch)
            connection.send_bytes(reply)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._working += 1
        try:
            yield
        finally:
            with self._lock:
                self._working -= 1
                self._asked_s = time.monotonic()


def _receive(connection: Connection) -> bytes | None:
    """
    Receive a request.

    :returns: None if it is too large; then that is said, and nothing more can be received
    :raises OSError: if the connection is broken
    :raises EOFError: if it is closed
    """
    try:
        return connection.recv_bytes(MAX_REQUEST_BYTES)
    except OSError:
        if connection.closed or connection.readable:
            raise
        limit = f'a request has at most {MAX_REQUEST_BYTES} bytes'
        connection.send_bytes(encode(error_of(ValueError(limit), 'value')))
        return None
