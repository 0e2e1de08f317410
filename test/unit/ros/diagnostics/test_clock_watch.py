"""Whether simulated time advances."""

from __future__ import annotations

from types import SimpleNamespace

from nn_perception.ros.diagnostics.clock_watch import ClockWatch, STOPPED_AFTER_S
import pytest


def test_time_since_the_clock_changed(clock: SimpleNamespace) -> None:
    watch = ClockWatch()
    assert watch.stopped_s(0) == 0.0
    clock.now_s += 2.0
    assert watch.stopped_s(0) == 2.0
    assert watch.stopped_s(1) == 0.0
    clock.now_s += 5.0
    assert watch.stopped_s(1) == 5.0


class FakeNode:
    """The parts of a node that concern its time, as a test wants them."""

    def __init__(self, *, simulated: bool, now_s: float, publishers: int) -> None:
        self.simulated = simulated
        self.now_s = now_s
        self.publishers = publishers

    def get_parameter(self, name: str) -> SimpleNamespace:
        """Return ``use_sim_time``."""
        assert name == 'use_sim_time'
        return SimpleNamespace(value=self.simulated)

    def get_clock(self) -> SimpleNamespace:
        """Return a clock that stands still."""
        now = SimpleNamespace(nanoseconds=round(self.now_s * 1e9))
        return SimpleNamespace(now=lambda: now)

    def count_publishers(self, topic: str) -> int:
        """Count the publishers of the clock."""
        assert topic == '/clock'
        return self.publishers


@pytest.mark.parametrize(
    ('node', 'problem'),
    [
        (FakeNode(simulated=False, now_s=5.0, publishers=0), ''),
        (FakeNode(simulated=True, now_s=0.0, publishers=0), '/clock has no publisher'),
        (FakeNode(simulated=True, now_s=0.0, publishers=1), 'no message has arrived on /clock'),
        (FakeNode(simulated=True, now_s=5.0, publishers=0), '/clock has no publisher'),
        (FakeNode(simulated=True, now_s=5.0, publishers=1), 'stopped at 5.0 s for 3 s'),
    ],
)
def test_problems_of_a_stopped_clock(clock: SimpleNamespace, node: FakeNode, problem: str) -> None:
    watch = ClockWatch()
    watch.problem(node)
    clock.now_s += STOPPED_AFTER_S
    found = watch.problem(node)
    assert problem in found
    assert bool(problem) == bool(found)


def test_a_clock_that_advances_is_no_problem(clock: SimpleNamespace) -> None:
    watch = ClockWatch()
    node = FakeNode(simulated=True, now_s=5.0, publishers=1)
    for _ in range(10):
        clock.now_s += STOPPED_AFTER_S
        node.now_s += 0.1
        assert watch.problem(node) == ''
