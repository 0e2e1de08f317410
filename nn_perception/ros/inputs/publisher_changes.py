"""What publishers that come and go mean for a subscription to their images."""

from __future__ import annotations

from collections.abc import Set
import time

from rclpy.qos import ReliabilityPolicy

# So long no best effort publisher must be there before the subscription is reliable again.
QUIET_S = 3.0
# The middleware may keep so many bytes of publishers that left.
MAX_KEPT = 16 * 2**20
# What one publisher may leave, as long as no larger image was received.
MIN_KEPT_EACH = 2**20


class ReliabilityChoice:
    """
    The reliability that receives from every publisher.

    Reliable while every publisher is, else best effort: a reliable subscription receives nothing
    from a best effort publisher, and a best effort subscription loses large images of a reliable
    one. Each change costs a few images, so publishers that come and go every second do not cause
    one every second: only the change to best effort is made at once.

    :param wanted: ``'auto'``, ``'reliable'`` or ``'best_effort'``
    """

    def __init__(self, wanted: str) -> None:
        self._fixed = None if wanted == 'auto' else ReliabilityPolicy[wanted.upper()]
        self._best_effort_seen_s = -QUIET_S

    @property
    def automatic(self) -> bool:
        """Whether the choice depends on the publishers."""
        return self._fixed is None

    def choose(self, offered: Set[ReliabilityPolicy]) -> ReliabilityPolicy:
        """
        Choose for the publishers of now.

        :param offered: what they offer
        """
        if self._fixed is not None:
            return self._fixed
        now_s = time.monotonic()
        if ReliabilityPolicy.BEST_EFFORT in offered:
            self._best_effort_seen_s = now_s
        if now_s - self._best_effort_seen_s < QUIET_S:
            return ReliabilityPolicy.BEST_EFFORT
        return ReliabilityPolicy.RELIABLE


class Remains:
    """
    What is left in the middleware of publishers that went; a new subscription clears it away.

    Fast DDS keeps an image that a publisher did not finish before it left, as long as a best
    effort subscription lives. And it loses track of an unfinished image of a reliable publisher,
    which then stands, without bytes, in the way of others. docs/evaluation/transport.md describes
    both.
    """

    def __init__(self) -> None:
        self._largest = MIN_KEPT_EACH
        self.clear()

    @property
    def too_many(self) -> bool:
        """Whether it is time for a new subscription."""
        return self._in_the_way or self._departed * self._largest > MAX_KEPT

    def clear(self) -> None:
        """Begin again with a new subscription."""
        self._departed = 0
        self._in_the_way = False

    def departed(self, publishers: int) -> None:
        """Count publishers that left a best effort subscription."""
        self._departed += publishers

    def received(self, size: int) -> None:
        """Note the size of what was received, in bytes; nothing is in its way."""
        self._in_the_way = size == 0
        self._largest = max(self._largest, size)
