"""Wait for a subscriber before something is published that must not be missed."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

# A publisher discovers a subscriber before the subscriber can receive its first message.
SETTLE_S = 0.5


class SubscriberWait:
    """
    Call back once, when a publisher has a subscriber that receives its first message.

    :param node: node that publishes
    :param subscribers: returns the number of subscribers
    :param on_subscribed: called in the executor's thread
    """

    def __init__(
        self, node: Node, subscribers: Callable[[], int], on_subscribed: Callable[[], None]
    ) -> None:
        self._subscribers = subscribers
        self._on_subscribed = on_subscribed
        self._settled = 0
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(SETTLE_S, self._look, clock=steady)

    def _look(self) -> None:
        self._settled = self._settled + 1 if self._subscribers() else 0
        if self._settled > 1:
            self._timer.cancel()
            self._on_subscribed()
