"""Requests to the nodes: parameters, transitions, enable; and whether they are answered."""

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
    Ask the nodes, without waiting, and note what is not answered as it should be.

    :param node: whose clients they are
    :param names: of the nodes that are asked
    """

    def __init__(self, node: Node, names: tuple[str, ...]) -> None:
        self.asked = 0
        self.slowest_s = 0.0
        self.surprises: list[str] = []
        self.silent: Counter[str] = Counter()
        """How many requests each node has left unanswered."""
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
        """Whether every service is found."""
        return all(client.service_is_ready() for client in self._clients.values())

    def set_parameter(self, name: str, parameter: str, value: Any, accepted: bool) -> Condition:
        """Set a parameter of a node to a value that it must accept or refuse."""
        message = Parameter(parameter, value=value).to_parameter_msg()
        request = SetParameters.Request(parameters=[message])
        return self._ask(
            name,
            'set_parameters',
            request,
            lambda answer: answer.results[0].successful == accepted,
            f'{parameter} = {value!r}',
        )

    def change_state(self, name: str, transition: int, accepted: bool = True) -> Condition:
        """Ask a node for a transition that is possible, or is not, in its present state."""
        request = ChangeState.Request()
        request.transition.id = transition
        return self._ask(
            name,
            'change_state',
            request,
            lambda answer: answer.success == accepted,
            f'transition {transition}',
        )

    def enable(self, name: str, on: bool) -> Condition:
        """Pause a node, or let it go on."""
        request = SetBool.Request(data=on)
        return self._ask(name, 'enable', request, lambda answer: answer.success, f'enable {on}')

    def _ask(
        self, name: str, service: str, request: Any, right: Callable[[Any], bool], what: str
    ) -> Condition:
        asked_at = time.monotonic()
        client = self._clients[name, service]
        future = client.call_async(request)
        self.asked += 1
        told = False

        def answered() -> bool:
            nonlocal told
            waited_s = time.monotonic() - asked_at
            if not future.done() and waited_s < ANSWER_LIMIT_S:
                return False
            if not told:
                told = True
                self.slowest_s = max(self.slowest_s, waited_s)
                if not future.done():
                    client.remove_pending_request(future)
                    self.silent[name] += 1
                    self._tell(f'{name}: {what}: no answer for {waited_s:.0f} s')
                elif not right(future.result()):
                    self._tell(f'{name}: {what}: {future.result()}')
            return True

        return answered

    def _tell(self, surprise: str) -> None:
        self.surprises.append(surprise)
        # At once, so that one can look at the process while it is in that state.
        sys.stderr.write(surprise + '\n')
