"""Ask another process of this user."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import threading
from typing import Any

from nn_perception.training.inspection.addresses import connect, shut_down
from nn_perception.training.inspection.wire import (
    decode,
    encode,
    MAX_REPLY_BYTES,
    MAX_REQUEST_BYTES,
    Message,
)
from numpy.typing import NDArray

# The first look at a large network, on a busy machine.
TIMEOUT_S = 60.0
ENDED = 'The process of the network has ended.'
SILENT = 'The process of the network does not answer.'


class Client:
    """
    A connection to a server; requests of several threads wait for each other.

    :param address: of the server's socket
    :param ended: sentence for errors when the process has ended
    :raises RuntimeError: if nobody listens there
    """

    def __init__(self, address: Path, ended: str = ENDED) -> None:
        """Connect."""
        self._ended = ended
        self._lock = threading.RLock()
        try:
            self._connection = connect(address)
        except OSError as error:
            raise RuntimeError(ended) from error

    @property
    def closed(self) -> bool:
        """Whether nothing can be asked any more."""
        return self._connection.closed

    def ask(
        self,
        method: str,
        values: dict[str, Any] | None = None,
        arrays: Sequence[NDArray[Any]] = (),
        timeout_s: float = TIMEOUT_S,
    ) -> Message:
        """
        Call a method of the server, and wait for its reply.

        :param values: arguments
        :param arrays: more arguments
        :raises ValueError: a sentence, if the server says that an argument is wrong
        :raises RuntimeError: a sentence, if it fails, has ended, or does not answer in time
        """
        content = encode(Message({'method': method, **(values or {})}, tuple(arrays)))
        if len(content) > MAX_REQUEST_BYTES:
            raise ValueError(f'a request has at most {MAX_REQUEST_BYTES >> 20} MiB')
        with self._lock:
            reply = decode(self._exchange(content, timeout_s))
        if 'error' in reply.values:
            text = str(reply.values['error'])
            raise (ValueError if reply.values.get('kind') == 'value' else RuntimeError)(text)
        return reply

    def close(self) -> None:
        """Close the connection; may be called while another thread waits for a reply."""
        shut_down(self._connection)
        with self._lock:
            self._connection.close()

    def _exchange(self, content: bytes, timeout_s: float) -> bytes:
        try:
            self._connection.send_bytes(content)
            if self._connection.poll(timeout_s):
                return self._connection.recv_bytes(MAX_REPLY_BYTES)
        except (EOFError, OSError) as error:
            self.close()
            raise RuntimeError(self._ended) from error
        # Its late reply must not be taken for that to the next request.
        self.close()
        raise RuntimeError(SILENT)
