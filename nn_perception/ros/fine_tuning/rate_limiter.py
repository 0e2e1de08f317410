"""
How fast requests are answered when many arrive at once.

The clients of a service share one topic of responses: each receives those to all of them, and by
default keeps ten. In a burst, a response that its client has not taken yet would be pushed out by
those to others, and the client would wait forever. So requests wait in the queue of the service,
which has room for them, and not their responses in that of the client.
"""

from __future__ import annotations

from collections.abc import Callable
import threading
import time
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

# Fewer than a client keeps.
BURST = 8
# A process on a busy machine may take no response for a tenth of a second, in which so few come.
MIN_PERIOD_S = 0.02
# All clients may be in one process, which then takes each response as many times as it has
# clients.
PERIOD_PER_CLIENT_S = 0.0025
# Humble cannot count the clients.
ASSUMED_CLIENTS = 4


class RateLimiter:
    """
    A limit to the rate of events; threads may share it.

    :param period_s: returns the minimum time between two events in the long run, in seconds
    :param burst: number of events that may follow each other at once after a pause
    :param clock: returns the time in seconds
    """

    def __init__(
        self,
        period_s: Callable[[], float],
        burst: int = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._period_s = period_s
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._allowed_s = self._evenly_s = clock()

    def allows(self) -> bool:
        """Tell whether an event may happen now."""
        return self._clock() >= self._allowed_s

    def count(self) -> None:
        """Count an event."""
        period_s = self._period_s()
        with self._lock:
            # When the next event would be due if all of them were a period apart.
            self._evenly_s = max(self._evenly_s, self._clock()) + period_s
            self._allowed_s = self._evenly_s - (self._burst - 1) * period_s


class RateLimitedCallbackGroup(MutuallyExclusiveCallbackGroup):
    """
    The callback group of one service or action, which answers requests at a limited rate.

    What must wait is left out of the executor's wait set, and considered again when the executor
    wakes up, at the latest after the timeout of its ``spin_once``.

    :param limiter: limits the rate of requests
    """

    def __init__(self, limiter: RateLimiter) -> None:
        super().__init__()
        self._limiter = limiter

    @classmethod
    def of(cls, node: Node, service: str) -> RateLimitedCallbackGroup:
        """
        Make the callback group of a service.

        :param node: has the service
        :param service: its name, in which ``~`` stands for the node
        """
        name = node.resolve_service_name(service)

        def period_s() -> float:
            count = getattr(node, 'count_clients', None)
            clients = count(name) if count else ASSUMED_CLIENTS
            return max(MIN_PERIOD_S, PERIOD_PER_CLIENT_S * clients)

        return cls(RateLimiter(period_s))

    def can_execute(self, entity: Any) -> bool:
        """Tell whether a request may be taken now."""
        return self._limiter.allows() and bool(super().can_execute(entity))

    def beginning_execution(self, entity: Any) -> bool:
        """Count a request that is taken."""
        begins = bool(super().beginning_execution(entity))
        if begins:
            self._limiter.count()
        return begins
