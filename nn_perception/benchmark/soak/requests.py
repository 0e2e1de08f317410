"""Requests to the nodes (parameters, transitions, enable), and whether they are answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
import sys
import time
from typing import Any

from lifecycle_msgs.srv import ChangeState
from nn_perception.benchmark.soak.scripts import Condition
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool

# A node waits up to 10 s for its worker when it is deactivated.
ANSWER_LIMIT_S = 20.0


class Requests:
    """
    Send requests to the nodes without waiting, and record every unexpected answer.

    :ivar sent: number of requests
    :ivar slowest_s: the longest time until an answer
    :ivar unexpected: answers that differ from what the node must answer, in words
    :ivar unanswered: number of requests that each node has not answered

    :param node: that owns the clients
    :param names: of the nodes that get requests
    """

    def __init__(self, node: Node, names: tuple[str, ...]) -> None:
        self.sent = 0
        self.slowest_s = 0.0
        self.unexpected: list[str] = []
        self.unanswered: Counter[str] = Counter()
        self._node = node
        self._clients: dict[tuple[str, str], Client] = {}
        for name in names:
            for service, kind in (
                ('set_parameters', SetParameters),
                ('change_state', ChangeState),
                ('enable', SetBool),
            ):
                self._clients[name, service] = node.create_client(kind, f'{name}/{service}')

    @property
    def ready(self) -> bool:
        """Whether every service is available."""
        return all(client.service_is_ready() for client in self._clients.values())

    def set_parameter(self, name: str, parameter: str, value: Any, accepted: bool) -> Condition:
        """Set a parameter of a node to a value that it must accept or reject."""
        message = Parameter(parameter, value=value).to_parameter_msg()
        request = SetParameters.Request(parameters=[message])
        return self._send(
            (name, 'set_parameters'),
            request,
            lambda answer: answer.results[0].successful == accepted,
            f'{parameter} = {value!r}',
        )

    def change_state(self, name: str, transition: int, accepted: bool = True) -> Condition:
        """Request a transition that the node's present state allows, or does not."""
        request = ChangeState.Request()
        request.transition.id = transition
        return self._send(
            (name, 'change_state'),
            request,
            lambda answer: answer.success == accepted,
            f'transition {transition}',
        )

    def enable(self, name: str, on: bool) -> Condition:
        """Resume or pause a node."""
        request = SetBool.Request(data=on)
        return self._send((name, 'enable'), request, lambda answer: answer.success, f'enable {on}')

    def _send(
        self, service: tuple[str, str], request: Any, expected: Callable[[Any], bool], what: str
    ) -> Condition:
        """Send a request; the condition holds when it is answered, or has been for too long."""
        sent_at = time.monotonic()
        client = self._clients[service]
        future = client.call_async(request)
        self.sent += 1
        recorded = False

        def answered() -> bool:
            nonlocal recorded
            waited_s = time.monotonic() - sent_at
            if not future.done() and waited_s < ANSWER_LIMIT_S:
                return False
            if not recorded:
                recorded = True
                self.slowest_s = max(self.slowest_s, waited_s)
                if not future.done():
                    client.remove_pending_request(future)
                    self.unanswered[service[0]] += 1
                    self._record(f'{service[0]}: {what}: no answer within {waited_s:.0f} s')
                elif not expected(future.result()):
                    self._record(f'{service[0]}: {what}: {future.result()}')
            return True

        return answered

    def _record(self, answer: str) -> None:
        self.unexpected.append(answer)
        # At once, so that somebody can look at the process while it is in that state.
        sys.stderr.write(answer + '\n')
