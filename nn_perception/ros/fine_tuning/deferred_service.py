"""
Services that respond when work in another thread has finished.

A callback that waits for a disk or a network would keep the executor from all other callbacks
meanwhile. A coroutine is not enough: its callback group stays occupied while it waits, and it is
lost when the process ends before it can continue.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from nn_perception.core.quoting import shortened
from rclpy.node import Node
from rclpy.service import Service

# Whatever a request may cause; anything else is a bug.
REQUEST_ERRORS = (ValueError, OSError, RuntimeError)


def create_deferred_service(
    node: Node,
    kind: type,
    name: str,
    begin: Callable[[Any], Future[Any]],
    end: Callable[[Any, Any], None],
) -> Service:
    """
    Create a service whose response is sent by the thread that finishes the work.

    An error of either function becomes the ``message`` of the response, and is logged if the
    response has none.

    :param kind: type of the service
    :param begin: takes the request, and starts the work; called by the executor
    :param end: takes the response and the result of the work, and sets the fields of the response
    """

    def start(request: Any, response: Any) -> tuple[Any, Future[Any]]:
        try:
            return response, begin(request)
        except REQUEST_ERRORS as error:
            failed: Future[Any] = Future()
            failed.set_exception(error)
            return response, failed

    def finish(response: Any, work: Future[Any]) -> None:
        try:
            end(response, work.result())
        except REQUEST_ERRORS as error:
            if hasattr(response, 'message'):
                response.message = shortened(str(error))
            else:
                node.get_logger().error(f'{name} failed: {error}')

    service = node.create_service(kind, name, start)
    _send_when_done(service, finish)
    return service


def _send_when_done(service: Service, finish: Callable[[Any, Future[Any]], None]) -> None:
    """Replace the method to which the executor passes the return value of the callback."""
    send = service.send_response

    def send_later(started: tuple[Any, Future[Any]], header: Any) -> None:
        response, work = started

        def respond(done: Future[Any]) -> None:
            finish(response, done)
            send(response, header)

        work.add_done_callback(respond)

    service.send_response = send_later
