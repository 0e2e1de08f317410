"""Answer requests in a thread that does something else in between, such as training."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
import threading

from nn_perception.training.inspection.wire import Message

ENDED = 'the process of the network is ending'


class Turns:
    """
    The requests that wait for their turn; a dispatch of a server.

    The thread that answers calls :meth:`run_pending` between two steps, and :meth:`wait` while it
    has nothing else to do.

    :param at_once: names of methods that need not wait for their turn
    """

    def __init__(self, at_once: frozenset[str] = frozenset()) -> None:
        self._at_once = at_once
        self._changed = threading.Condition()
        self._pending: deque[tuple[Callable[[], Message], Future[Message]]] = deque()
        self._closed = False

    def __call__(self, name: str, work: Callable[[], Message]) -> Message:
        """Wait until the request is answered; after :meth:`close` the answer is an error."""
        if name in self._at_once:
            return work()
        future: Future[Message] = Future()
        with self._changed:
            if self._closed:
                return Message({'error': ENDED, 'kind': 'runtime'})
            self._pending.append((work, future))
            self._changed.notify_all()
        return future.result()

    def run_pending(self) -> int:
        """Answer all requests that wait now; :returns: their number."""
        with self._changed:
            pending = list(self._pending)
            self._pending.clear()
        for work, future in pending:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
                raise
        return len(pending)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for a request, or for :meth:`close`; :returns: whether there is one."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closed, timeout_s)
            return bool(self._pending)

    def close(self) -> None:
        """Answer nothing more; requests that wait get an error."""
        with self._changed:
            self._closed = True
            for _, future in self._pending:
                future.set_result(Message({'error': ENDED, 'kind': 'runtime'}))
            self._pending.clear()
            self._changed.notify_all()
