"""Call the services of other nodes, from the threads of the page."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
import time
from typing import Any

from nn_perception.ros.studio.executor_calls import ExecutorCalls
from rclpy.client import Client
from rclpy.node import Node

TIMEOUT_S = 5.0
READY_TIMEOUT_S = 2.0
# So many clients are kept; a client for a node that is gone costs memory.
MAX_CLIENTS = 100


class ServiceCalls:
    """
    Call services of other nodes.

    :param node: node that calls
    :param calls: of its executor
    """

    def __init__(self, node: Node, calls: ExecutorCalls) -> None:
        self._node = node
        self._calls = calls
        self._clients: dict[tuple[type, str], Client] = {}

    def call(self, kind: type, name: str, request: Any, timeout_s: float = TIMEOUT_S) -> Any:
        """
        Call a service, and wait for its response; never call this in the executor's thread.

        :param kind: type of the service
        :param name: of the service
        :param timeout_s: how long the response may take
        :returns: the response
        :raises RuntimeError: if there is no such service, or no response
        """
        self._wait_until_ready(kind, name)
        future: Future[Any] = Future()

        def answer(response: Any) -> None:
            with suppress(InvalidStateError):  # given up meanwhile
                future.set_result(response)

        self._calls.post(lambda: self.send(kind, name, request, answer))
        problem = f'{name} did not answer within {timeout_s:.0f} s'
        return self._calls.wait_for(future, timeout_s, problem)

    def send(self, kind: type, name: str, request: Any, answer: Callable[[Any], None]) -> None:
        """
        Call a service in the executor's thread, without waiting.

        :param answer: called with the response, in the executor's thread; not if there is none
        """
        future = self._client(kind, name).call_async(request)

        def done(finished: Any) -> None:
            if not finished.cancelled() and finished.exception() is None:
                answer(finished.result())

        future.add_done_callback(done)

    def is_ready(self, kind: type, name: str) -> bool:
        """Tell whether a service exists, in the executor's thread."""
        return bool(self._client(kind, name).service_is_ready())

    def close(self) -> None:
        """Destroy all clients, in the executor's thread."""
        for client in self._clients.values():
            self._node.destroy_client(client)
        self._clients.clear()

    def _wait_until_ready(self, kind: type, name: str) -> None:
        """
        Wait for a service that has just been found.

        :raises RuntimeError: if it does not appear
        """
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while not self._calls.call(lambda: self.is_ready(kind, name)):
            if time.monotonic() > deadline_s:
                raise RuntimeError(f'nobody offers the service {name}')
            time.sleep(0.02)

    def _client(self, kind: type, name: str) -> Client:
        key = kind, name
        if key not in self._clients:
            if len(self._clients) >= MAX_CLIENTS:
                self._node.destroy_client(self._clients.pop(next(iter(self._clients))))
            self._clients[key] = self._node.create_client(kind, name)
        return self._clients[key]
