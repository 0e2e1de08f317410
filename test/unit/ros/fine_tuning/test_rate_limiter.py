"""Requests are answered at once, unless many arrive at once."""

from __future__ import annotations

from types import SimpleNamespace

from nn_perception.ros.fine_tuning.rate_limiter import (
    BURST,
    PERIOD_PER_CLIENT_S,
    RateLimitedCallbackGroup,
    RateLimiter,
)
import pytest

# A limiter that allows everything must fail, and not hang.
MANY = 10_000


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def events_until(limiter: RateLimiter, clock: Clock, end_s: float, step_s: float = 0.001) -> int:
    """Let as many events happen as the limiter allows."""
    count = 0
    while clock.now_s < end_s:
        while limiter.allows() and count < MANY:
            limiter.count()
            count += 1
        clock.now_s += step_s
    return count


def test_a_burst_is_followed_by_single_events() -> None:
    clock = Clock()
    limiter = RateLimiter(lambda: 0.05, burst=8, clock=clock)
    assert events_until(limiter, clock, 100.0005) == 8
    assert events_until(limiter, clock, 101.0005) == 20
    # After a pause, another burst.
    clock.now_s = 110.0
    assert events_until(limiter, clock, 110.0005) == 8


def test_events_that_are_rare_never_wait() -> None:
    clock = Clock()
    limiter = RateLimiter(lambda: 0.05, burst=8, clock=clock)
    for _ in range(100):
        assert limiter.allows()
        limiter.count()
        clock.now_s += 0.05


def test_the_period_may_change() -> None:
    clock = Clock()
    periods_s = iter([0.001, 1.0])
    limiter = RateLimiter(lambda: next(periods_s), burst=1, clock=clock)
    limiter.count()
    clock.now_s += 0.0005
    assert not limiter.allows()
    clock.now_s += 0.001
    assert limiter.allows()
    limiter.count()
    clock.now_s += 0.999
    assert not limiter.allows()
    clock.now_s += 0.002
    assert limiter.allows()


@pytest.mark.parametrize('clients', [1, 20, None])
def test_a_callback_group_takes_a_burst(clients: int | None) -> None:
    node = SimpleNamespace(resolve_service_name=lambda name: name.replace('~', '/node'))
    if clients is not None:  # Humble cannot count them
        node.count_clients = lambda name: {'/node/work': clients}[name]
    group = RateLimitedCallbackGroup.of(node, '~/work')
    service = SimpleNamespaceWithReferences()
    group.add_entity(service)
    taken = 0
    while group.can_execute(service) and taken < 1000:
        assert group.beginning_execution(service)
        assert not group.can_execute(service)
        group.ending_execution(service)
        taken += 1
    assert BURST <= taken < 10 * BURST
    assert PERIOD_PER_CLIENT_S > 0.0


class SimpleNamespaceWithReferences:
    """Something that a callback group can refer to."""
