"""What publishers that come and go mean for a subscription to their images."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from nn_perception.ros.inputs import publisher_changes
from nn_perception.ros.inputs.publisher_changes import (
    DurabilityChoice,
    QosChoice,
    QUIET_S,
    ReliabilityChoice,
    Remains,
    WantedQos,
)
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
VOLATILE, LATCHED = DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL
VGA = 640 * 480 * 3


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time pass."""
    clock = [1000.0]
    monkeypatch.setattr(publisher_changes.time, 'monotonic', lambda: clock[0])

    def pass_by(seconds: float) -> None:
        clock[0] += seconds

    return pass_by


def test_a_fixed_reliability() -> None:
    for name, kind in (('reliable', RELIABLE), ('best_effort', BEST_EFFORT)):
        choice = ReliabilityChoice(name)
        assert not choice.automatic
        assert {choice.choose(offered) for offered in ({RELIABLE}, {BEST_EFFORT}, set())} == {kind}


def test_reliable_while_every_publisher_is(wait: Callable[[float], None]) -> None:
    choice = ReliabilityChoice('auto')
    assert choice.automatic
    assert choice.choose(set()) == RELIABLE
    assert choice.choose({RELIABLE}) == RELIABLE
    assert choice.choose({RELIABLE, BEST_EFFORT}) == BEST_EFFORT
    wait(QUIET_S - 0.1)
    assert choice.choose({RELIABLE}) == BEST_EFFORT
    wait(0.2)
    assert choice.choose({RELIABLE}) == RELIABLE


def test_publishers_that_come_and_go_cause_one_change(wait: Callable[[float], None]) -> None:
    choice = ReliabilityChoice('auto')
    chosen = [choice.choose({RELIABLE})]
    for _ in range(100):
        for offered in ({RELIABLE, BEST_EFFORT}, {RELIABLE}, set()):
            chosen.append(choice.choose(offered))
            wait(0.9)
    changes = sum(before != after for before, after in pairwise(chosen))
    assert changes == 1


def test_a_fixed_durability() -> None:
    for name, kind in (('volatile', VOLATILE), ('transient_local', LATCHED)):
        choice = DurabilityChoice(name)
        assert not choice.automatic
        assert {choice.choose(offered) for offered in ({VOLATILE}, {LATCHED}, set())} == {kind}


def test_transient_local_while_every_publisher_is(wait: Callable[[float], None]) -> None:
    choice = DurabilityChoice('auto')
    assert choice.automatic
    assert choice.choose(set()) == VOLATILE
    # A latched publisher need not wait.
    assert choice.choose({LATCHED}) == LATCHED
    # Without publishers, a change would be of no use.
    assert choice.choose(set()) == LATCHED
    assert choice.choose({LATCHED, VOLATILE}) == VOLATILE
    wait(QUIET_S - 0.1)
    assert choice.choose({LATCHED}) == VOLATILE
    wait(0.2)
    assert choice.choose(set()) == VOLATILE
    assert choice.choose({LATCHED}) == LATCHED
    # What the middleware does not know is not taken for latched.
    assert choice.choose({DurabilityPolicy.UNKNOWN}) == VOLATILE


def test_volatile_publishers_that_come_and_go_cause_one_change(
    wait: Callable[[float], None],
) -> None:
    choice = DurabilityChoice('auto')
    chosen = [choice.choose({LATCHED})]
    for _ in range(100):
        for offered in ({LATCHED, VOLATILE}, {LATCHED}, set()):
            chosen.append(choice.choose(offered))
            wait(0.9)
    assert sum(before != after for before, after in pairwise(chosen)) == 1


def test_both_follow_the_publishers() -> None:
    choice = QosChoice(WantedQos())
    profiles = [
        QoSProfile(depth=1, reliability=reliability, durability=durability)
        for reliability, durability in ((RELIABLE, LATCHED), (BEST_EFFORT, VOLATILE))
    ]
    assert choice.automatic
    assert choice.choose([]) == (RELIABLE, VOLATILE)
    assert choice.choose(profiles[:1]) == (RELIABLE, LATCHED)
    assert choice.choose(profiles[:1]).latched
    assert choice.choose(profiles) == (BEST_EFFORT, VOLATILE)
    assert not QosChoice(WantedQos('reliable', 'volatile')).automatic
    assert QosChoice(WantedQos('reliable', 'auto')).automatic


def test_a_new_subscription_before_much_is_kept() -> None:
    remains = Remains()
    remains.received(VGA)
    remains.departed(16)
    assert not remains.too_many
    remains.received(6_220_800)
    assert remains.too_many
    remains.clear()
    assert not remains.too_many
    remains.departed(3)
    assert remains.too_many


def test_publishers_count_before_an_image_was_received() -> None:
    remains = Remains()
    remains.departed(100)
    assert remains.too_many


def test_an_image_without_bytes_stands_in_the_way_until_another_comes() -> None:
    remains = Remains()
    remains.received(0)
    assert remains.too_many
    remains.received(VGA)
    assert not remains.too_many
