"""
Services that respond when work in another thread has finished.

A callback that waits for a disk or a network would keep the executor from all other callbacks
meanwhile. A coroutine is not enough: its callback group stays occupied while it waits, and it is
lost when the process ends before it can continue.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
import traceback
from typing import Any

from nn_perception.core.quoting import shortened
from nn_perception.ros.base.frame_processor import FRAME_ERRORS
from nn_perception.ros.fine_tuning.response_pace import PacedCallbackGroup
from nn_perception.ros.outputs.qos import SERVICE_QOS
from rclpy.node import Node
from rclpy.service import Service

# Whatever a request may cause; anything else is a bug.
REQUEST_ERRORS = FRAME_ERRORS
# Requests may come in thousands.
LOG_PERIOD_S = 1.0


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
    response has none. Every request gets its response, also when many arrive at once.

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
        reason = _finish(node, name, lambda: end(response, work.result()))
        if reason and hasattr(response, 'message'):
            response.message = shortened(reason)
        elif reason:
            node.get_logger().error(
                f'{name} failed: {shortened(reason)}', throttle_duration_sec=LOG_PERIOD_S
            )

    pace = PacedCallbackGroup.of(node, name)
    service = node.create_service(kind, name, start, qos_profile=SERVICE_QOS, callback_group=pace)
    _send_when_done(node, service, finish)
    return service


def _finish(node: Node, name: str, end: Callable[[], None]) -> str:
    """Run what ends a request; return why it failed, empty if it did not."""
    try:
        end()
    except REQUEST_ERRORS as error:
        return str(error)
    except Exception:  # noqa: BLE001 - the future would swallow a bug, and the client wait
        node.get_logger().error(f'{name} failed:\n{traceback.format_exc()}')
        return 'an unexpected error, see the log'
    return ''


def _send_when_done(
    node: Node, service: Service, finish: Callable[[Any, Future[Any]], None]
) -> None:
    """Replace the method to which the executor passes the return value of the callback."""
    send = service.send_response

    def send_later(started: tuple[Any, Future[Any]], header: Any) -> None:
        response, work = started

        def respond(done: Future[Any]) -> None:
            finish(response, done)
            try:
                send(response, header)
            except RuntimeError as error:  # the client may be gone
                node.get_logger().warning(f'a response could not be sent: {error}')

        work.add_done_callback(respond)

    service.send_response = send_later
