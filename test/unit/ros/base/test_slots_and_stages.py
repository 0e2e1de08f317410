"""The slots between the subscriptions' callbacks and the worker."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
import time

from nn_perception.ros.base.slots_and_stages import LatestSlots
import pytest

# Long enough for any thread to get its turn on a busy machine.
PATIENCE_S = 10.0
# Long enough for a thread that would not wait to be seen not waiting.
MOMENT_S = 0.05
A = 'front'
B = 'rear'


@pytest.fixture
def threads() -> ThreadPoolExecutor:
    """Run functions in other threads."""
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_the_newest_item_is_taken() -> None:
    slot: LatestSlots[str, int] = LatestSlots()
    for item in range(5):
        slot.put(A, item)
    assert slot.take(0.0) == [(A, 4)]
    assert slot.dropped(A) == 4
    assert slot.take(0.0) == []


def test_items_that_count_as_false_are_items() -> None:
    slot: LatestSlots[str, object] = LatestSlots()
    before = time.monotonic()
    for item in (0, '', [], False):
        slot.put(A, item)
        ((_, taken),) = slot.take(PATIENCE_S)
        assert taken is item
    assert time.monotonic() - before < PATIENCE_S
    assert slot.dropped(A) == 0


def test_take_gives_up_after_its_time() -> None:
    slot: LatestSlots[str, int] = LatestSlots()
    before = time.monotonic()
    assert slot.take(MOMENT_S) == []
    assert time.monotonic() - before >= MOMENT_S * 0.9


def test_take_waits_for_an_item(threads: ThreadPoolExecutor) -> None:
    slot: LatestSlots[str, str] = LatestSlots()
    taken = threads.submit(slot.take, PATIENCE_S)
    time.sleep(MOMENT_S)
    assert not taken.done()
    slot.put(A, 'item')
    assert taken.result(PATIENCE_S) == [(A, 'item')]


def test_put_does_not_wait_for_a_worker() -> None:
    slot: LatestSlots[str, int] = LatestSlots()
    before = time.monotonic()
    for item in range(1000):
        slot.put(A, item)
    assert time.monotonic() - before < PATIENCE_S / 10


def test_close_ends_every_take(threads: ThreadPoolExecutor) -> None:
    slot: LatestSlots[str, int] = LatestSlots()
    waiting: list[Future[list[tuple[str, int]]]] = [
        threads.submit(slot.take, PATIENCE_S) for _ in range(4)
    ]
    time.sleep(MOMENT_S)
    assert not any(future.done() for future in waiting)
    slot.close()
    assert [future.result(PATIENCE_S / 2) for future in waiting] == [[]] * 4
    assert slot.take() == []


def test_what_waits_at_the_close_is_dropped() -> None:
    slot: LatestSlots[str, int] = LatestSlots()
    slot.put(A, 1)
    slot.close()
    assert slot.take() == []
    assert slot.dropped(A) == 1
    slot.close()
    assert slot.dropped(A) == 1


def test_what_comes_after_the_close_is_dropped() -> None:
    slot: LatestSlots[str, int] = LatestSlots()
    slot.close()
    slot.put(A, 1)
    slot.put(A, 2)
    assert slot.dropped(A) == 2
    slot.open()
    assert slot.take(0.0) == []
    slot.put(A, 3)
    assert slot.take(0.0) == [(A, 3)]
    assert slot.dropped(A) == 2


def test_open_lets_take_wait_again(threads: ThreadPoolExecutor) -> None:
    slot: LatestSlots[str, int] = LatestSlots()
    slot.close()
    slot.open()
    taken = threads.submit(slot.take, PATIENCE_S)
    time.sleep(MOMENT_S)
    assert not taken.done()
    slot.put(A, 7)
    assert taken.result(PATIENCE_S) == [(A, 7)]


@pytest.mark.parametrize('producers', [1, 4])
@pytest.mark.parametrize('workers', [1, 3])
def test_every_item_is_taken_once_or_counted_as_dropped(
    threads: ThreadPoolExecutor, producers: int, workers: int
) -> None:
    slot: LatestSlots[str, tuple[int, int]] = LatestSlots()
    count = 3000

    def produce(producer: int) -> None:
        for number in range(count):
            slot.put(A, (producer, number))
            if number % 50 == 0:
                time.sleep(0)

    def work() -> list[tuple[int, int]]:
        items = []
        while taken := slot.take(PATIENCE_S):
            items += [item for _, item in taken]
        return items

    lists = [threads.submit(work) for _ in range(workers)]
    for future in [threads.submit(produce, i) for i in range(producers)]:
        future.result(PATIENCE_S)
    slot.close()
    taken = [future.result(PATIENCE_S) for future in lists]
    together = [item for items in taken for item in items]
    assert len(set(together)) == len(together)
    assert len(together) + slot.dropped(A) == producers * count
    # Nothing older comes after something newer.
    for items in taken:
        for producer in range(producers):
            numbers = [number for who, number in items if who == producer]
            assert numbers == sorted(numbers)


@pytest.mark.parametrize('stop', [LatestSlots.close, lambda slot: slot.put(A, 1)])
def test_a_worker_never_misses_its_call(
    threads: ThreadPoolExecutor, stop: Callable[[LatestSlots[str, int]], None]
) -> None:
    # An item or a close that comes just before take begins to wait must not be slept through.
    for _ in range(300):
        slot: LatestSlots[str, int] = LatestSlots()
        taken = threads.submit(slot.take, PATIENCE_S)
        stop(slot)
        taken.result(PATIENCE_S / 2)


def test_each_source_has_a_slot_of_its_own() -> None:
    slot: LatestSlots[str, int] = LatestSlots()
    slot.put(B, 1)
    slot.put(A, 2)
    slot.put(B, 3)
    assert slot.take(0.0) == [(B, 3), (A, 2)]
    assert (slot.dropped(A), slot.dropped(B)) == (0, 1)
    slot.put(A, 4)
    slot.close()
    assert (slot.dropped(A), slot.dropped(B)) == (1, 1)
    slot.put(B, 5)
    assert (slot.dropped(A), slot.dropped(B)) == (1, 2)
