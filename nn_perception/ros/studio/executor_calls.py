"""
Let other threads do what belongs into the thread of a node's executor.

The page asks for things in its own threads. Subscriptions, clients and what belongs to them are
made, used and destroyed in the executor's thread only, so they need no locks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
import threading
from typing import Any, TypeVar

from rclpy.node import Node

T = TypeVar('T')

# A main loop that is busy for longer has other problems.
TIMEOUT_S = 5.0


class ExecutorCalls:
    """
    Run functions in the thread of a node's executor; all methods may be called in any thread.

    :param node: node whose executor runs them
    """

    def __init__(self, node: Node) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._unanswered: set[Future[Any]] = set()
        self._closed = False
        self._node = node
        self._wake = node.create_guard_condition(self._run_waiting)

    def post(self, function: Callable[[], None]) -> None:
        """Run a function soon; never after :meth:`close`."""
        with self._lock:
            if self._closed:
                return
            self._waiting.append(function)
        # The context may be gone already.
        with suppress(RuntimeError):
            self._wake.trigger()

    def call(self, function: Callable[[], T], timeout_s: float = TIMEOUT_S) -> T:
        """
        Run a function, and wait for it; never call this in the executor's thread.

        :param timeout_s: how long to wait
        :returns: what it returned
        :raises RuntimeError: if the node is too busy, or stops
        """
        future: Future[T] = Future()

        def run() -> None:
            try:
                result = function()
            except Exception as error:  # noqa: BLE001 - raised again where it belongs
                with suppress(InvalidStateError):
                    future.set_exception(error)
            else:
                with suppress(InvalidStateError):  # nobody waits any more
                    future.set_result(result)

        self.post(run)
        return self.wait_for(future, timeout_s, 'the node of the page is too busy')

    def wait_for(self, future: Future[T], timeout_s: float, problem: str) -> T:
        """
        Wait for something that happens in the executor's thread.

        :param timeout_s: how long to wait
        :param problem: what is wrong when it takes longer
        :raises RuntimeError: if it takes longer, or the node stops
        """
        with self._lock:
            if self._closed:
                raise RuntimeError('the node of the page has stopped')
            self._unanswered.add(future)
        try:
            return future.result(timeout_s)
        except FutureTimeoutError as error:
            if future.done():
                raise
            raise RuntimeError(problem) from error
        finally:
            with self._lock:
                self._unanswered.discard(future)

    def close(self) -> None:
        """Run nothing any more; whoever waits gets an error."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            unanswered = list(self._unanswered)
        for future in unanswered:
            with suppress(InvalidStateError):  # answered meanwhile
                future.set_exception(RuntimeError('the node of the page has stopped'))
        self._node.destroy_guard_condition(self._wake)

    def _run_waiting(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    return
                function = self._waiting.popleft()
            function()
