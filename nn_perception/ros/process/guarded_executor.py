"""
An executor that no message can end.

rclpy runs code of its own for a node: parameter services, time source, lifecycle services, action
servers. What a client or a publisher sends can make it raise, and an exception that leaves the
executor ends the process. Here such an exception is logged, and the node continues. An exception
that passes through any other code is a bug of ours, and still ends the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nn_perception.ros.process.external_errors import describe, is_external, QUIET_S
from nn_perception.ros.process.service_guard import guard_services
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.logging import get_logger, LoggingSeverity, set_logger_level
from rclpy.node import Node


class GuardedExecutor(SingleThreadedExecutor):
    """
    Run the callbacks of nodes in one thread; what rclpy raises about a message is only logged.

    :ivar failures: number of errors since a callback, or waiting for one, has last succeeded
    """

    def __init__(self, *, context: Context | None = None) -> None:
        super().__init__(context=context)
        self.failures = 0
        self._logger = get_logger('nn_perception')
        # It would log each transition that a client wrongly asks for; our guard logs some.
        set_logger_level('rcl_lifecycle', LoggingSeverity.ERROR)

    def add_node(self, node: Node) -> bool:
        """Add a node; its parameter and lifecycle services answer invalid requests."""
        guard_services(node)
        return bool(super().add_node(node))

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """
        Run the next callback.

        :param timeout_sec: how long to wait for one, in seconds; None: for ever
        """
        before = self.failures
        try:
            super().spin_once(timeout_sec)
        except ExternalShutdownException:
            raise
        except Exception as error:
            if not is_external(error):
                raise
            self._ignore(error)
        if self.failures == before:
            self.failures = 0

    def _make_handler(
        self, entity: Any, node: Node, take_from_wait_list: Callable[[Any], Any], *rest: Any
    ) -> Any:
        """
        Make the handler of an entity, as rclpy does.

        If taking a message raised in rclpy's handler, the entity and its callback group would stay
        marked as busy: nothing would be received any more.
        """

        def take(entity: Any) -> Any:
            try:
                return take_from_wait_list(entity)
            except Exception as error:
                if not is_external(error):
                    raise
                self._ignore(error)
                return None

        return super()._make_handler(entity, node, take, *rest)

    def _ignore(self, error: Exception) -> None:
        self.failures += 1
        self._logger.error(
            f'ignored a message or request that rclpy cannot process ({describe(error)}); '
            'the node continues',
            throttle_duration_sec=QUIET_S,
        )
