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
from nn_perception.ros.base.frame_processor import FRAME_ERRORS
from nn_perception.ros.fine_tuning.rate_limiter import RateLimitedCallbackGroup
from nn_perception.ros.outputs.qos import service_qos
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

    An error that a request may cause becomes the ``message`` of the response, and is logged if the
    response has none. Every request gets its
    response, also when many arrive at once. A bug is answered, and then ends the process.

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

    def finish(response: Any, work: Future[Any]) -> Exception | None:
        return _finish(node, name, response, lambda: end(response, work.result()))

    limiter = RateLimitedCallbackGroup.of(node, name)
    service = node.create_service(
        kind, name, start, qos_profile=service_qos(kind), callback_group=limiter
    )
    _send_when_done(node, service, finish)
    return service


def _finish(node: Node, name: str, response: Any, end: Callable[[], None]) -> Exception | None:
    """Run what completes a response, or put the reason of its failure there; return a bug."""
    bug: Exception | None = None
    try:
        end()
        return None
    except REQUEST_ERRORS as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - raised by the executor; the future would drop it
        reason, bug = 'an unexpected error, see the log', error
    if hasattr(response, 'message'):
        response.message = shortened(reason)
    else:
        node.get_logger().error(
            f'{name} failed: {shortened(reason)}', throttle_duration_sec=LOG_PERIOD_S
        )
    return bug


def _send_when_done(
    node: Node, service: Service, finish: Callable[[Any, Future[Any]], Exception | None]
) -> None:
    """
    Replace the method to which the executor passes the return value of the callback.

    :param finish: completes the response, and returns a bug that it noticed
    """
    send = service.send_response

    def send_later(started: tuple[Any, Future[Any]], header: Any) -> None:
        response, work = started

        def respond(done: Future[Any]) -> None:
            bug = finish(response, done)
            try:
                send(response, header)
            except RuntimeError as error:  # the client may be gone
                node.get_logger().warning(f'a response could not be sent: {error}')
            if bug is not None and node.executor is not None:
                node.executor.create_task(_raise, bug)

        work.add_done_callback(respond)

    service.send_response = send_later


def _raise(bug: Exception) -> None:
    """Let the executor raise a bug in the main thread: the process ends with its traceback."""
    raise bug
