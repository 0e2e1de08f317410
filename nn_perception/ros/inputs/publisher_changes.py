"""What publishers that come and go mean for a subscription to their images."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
import time
from typing import NamedTuple

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

# So long no publisher must be there that asks less of the subscription, before it asks more again.
QUIET_S = 3.0
# The middleware may keep so many bytes of publishers that left.
MAX_KEPT = 16 * 2**20
# What one publisher may leave, as long as no larger image was received.
MIN_KEPT_EACH = 2**20


@dataclass(frozen=True)
class WantedQos:
    """
    What the parameters want of an image subscription.

    :ivar reliability: ``'auto'``, ``'reliable'`` or ``'best_effort'``
    :ivar durability: ``'auto'``, ``'volatile'`` or ``'transient_local'``
    """

    reliability: str = 'auto'
    durability: str = 'auto'


class MatchingQos(NamedTuple):
    """What a subscription asks of the publishers."""

    reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE
    durability: DurabilityPolicy = DurabilityPolicy.VOLATILE

    @property
    def latched(self) -> bool:
        """Whether it receives what was sent before."""
        return bool(self.durability == DurabilityPolicy.TRANSIENT_LOCAL)


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


class DurabilityChoice:
    """
    The durability that receives from every publisher.

    Transient local while every publisher is, else volatile: a transient local subscription also
    receives what a publisher sent before, and nothing from a volatile publisher. As with the
    reliability, only the change to volatile is made at once. Without a publisher, nothing changes.

    :param wanted: ``'auto'``, ``'volatile'`` or ``'transient_local'``
    """

    def __init__(self, wanted: str) -> None:
        self._fixed = None if wanted == 'auto' else DurabilityPolicy[wanted.upper()]
        self._volatile_seen_s = -QUIET_S
        self._chosen = DurabilityPolicy.VOLATILE

    @property
    def automatic(self) -> bool:
        """Whether the choice depends on the publishers."""
        return self._fixed is None

    def choose(self, offered: Set[DurabilityPolicy]) -> DurabilityPolicy:
        """
        Choose for the publishers of now.

        :param offered: what they offer
        """
        if self._fixed is not None:
            return self._fixed
        now_s = time.monotonic()
        if offered - {DurabilityPolicy.TRANSIENT_LOCAL}:
            self._volatile_seen_s = now_s
            self._chosen = DurabilityPolicy.VOLATILE
        elif offered and now_s - self._volatile_seen_s >= QUIET_S:
            self._chosen = DurabilityPolicy.TRANSIENT_LOCAL
        return self._chosen


class QosChoice:
    """
    Reliability and durability of a subscription, by the parameters and the publishers.

    :param wanted: by the parameters
    """

    def __init__(self, wanted: WantedQos) -> None:
        self._reliability = ReliabilityChoice(wanted.reliability)
        self._durability = DurabilityChoice(wanted.durability)

    @property
    def automatic(self) -> bool:
        """Whether the choice depends on the publishers."""
        return self._reliability.automatic or self._durability.automatic

    def choose(self, offered: Iterable[QoSProfile]) -> MatchingQos:
        """
        Choose for the publishers of now.

        :param offered: what each of them offers
        """
        profiles = list(offered)
        return MatchingQos(
            self._reliability.choose({profile.reliability for profile in profiles}),
            self._durability.choose({profile.durability for profile in profiles}),
        )


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
