"""The slot between the subscription's callback and the worker."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
import time

from nn_perception.nodes.latest import LatestSlot
import pytest

# Long enough for any thread to get its turn on a busy machine.
PATIENCE_S = 10.0
# Long enough for a thread that would not wait to be seen not waiting.
MOMENT_S = 0.05


@pytest.fixture
def threads() -> ThreadPoolExecutor:
    """Run functions in other threads."""
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_the_newest_item_is_taken() -> None:
    slot: LatestSlot[int] = LatestSlot()
    for item in range(5):
        slot.put(item)
    assert slot.take(0.0) == 4
    assert slot.dropped == 4
    assert slot.take(0.0) is None


def test_items_that_count_as_false_are_items() -> None:
    slot: LatestSlot[object] = LatestSlot()
    before = time.monotonic()
    for item in (0, '', [], False):
        slot.put(item)
        assert slot.take(PATIENCE_S) is item
    assert time.monotonic() - before < PATIENCE_S
    assert slot.dropped == 0


def test_take_gives_up_after_its_time() -> None:
    slot: LatestSlot[int] = LatestSlot()
    before = time.monotonic()
    assert slot.take(MOMENT_S) is None
    assert time.monotonic() - before >= MOMENT_S * 0.9


def test_take_waits_for_an_item(threads: ThreadPoolExecutor) -> None:
    slot: LatestSlot[str] = LatestSlot()
    taken = threads.submit(slot.take, PATIENCE_S)
    time.sleep(MOMENT_S)
    assert not taken.done()
    slot.put('item')
    assert taken.result(PATIENCE_S) == 'item'


def test_put_does_not_wait_for_a_worker() -> None:
    slot: LatestSlot[int] = LatestSlot()
    before = time.monotonic()
    for item in range(1000):
        slot.put(item)
    assert time.monotonic() - before < PATIENCE_S / 10


def test_close_ends_every_take(threads: ThreadPoolExecutor) -> None:
    slot: LatestSlot[int] = LatestSlot()
    waiting: list[Future[int | None]] = [threads.submit(slot.take, PATIENCE_S) for _ in range(4)]
    time.sleep(MOMENT_S)
    assert not any(future.done() for future in waiting)
    slot.close()
    assert [future.result(PATIENCE_S / 2) for future in waiting] == [None] * 4
    assert slot.take() is None


def test_what_waits_at_the_close_is_dropped() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.put(1)
    slot.close()
    assert slot.take() is None
    assert slot.dropped == 1
    slot.close()
    assert slot.dropped == 1


def test_what_comes_after_the_close_is_dropped() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.close()
    slot.put(1)
    slot.put(2)
    assert slot.dropped == 2
    slot.open()
    assert slot.take(0.0) is None
    slot.put(3)
    assert slot.take(0.0) == 3
    assert slot.dropped == 2


def test_open_lets_take_wait_again(threads: ThreadPoolExecutor) -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.close()
    slot.open()
    taken = threads.submit(slot.take, PATIENCE_S)
    time.sleep(MOMENT_S)
    assert not taken.done()
    slot.put(7)
    assert taken.result(PATIENCE_S) == 7


@pytest.mark.parametrize('producers', [1, 4])
@pytest.mark.parametrize('workers', [1, 3])
def test_every_item_is_taken_once_or_counted_as_dropped(
    threads: ThreadPoolExecutor, producers: int, workers: int
) -> None:
    slot: LatestSlot[tuple[int, int]] = LatestSlot()
    count = 3000

    def produce(producer: int) -> None:
        for number in range(count):
            slot.put((producer, number))
            if number % 50 == 0:
                time.sleep(0)

    def work() -> list[tuple[int, int]]:
        items = []
        while (item := slot.take(PATIENCE_S)) is not None:
            items.append(item)
        return items

    lists = [threads.submit(work) for _ in range(workers)]
    for future in [threads.submit(produce, i) for i in range(producers)]:
        future.result(PATIENCE_S)
    slot.close()
    taken = [future.result(PATIENCE_S) for future in lists]
    together = [item for items in taken for item in items]
    assert len(set(together)) == len(together)
    assert len(together) + slot.dropped == producers * count
    # Nothing older comes after something newer.
    for items in taken:
        for producer in range(producers):
            numbers = [number for who, number in items if who == producer]
            assert numbers == sorted(numbers)


@pytest.mark.parametrize('stop', [LatestSlot.close, lambda slot: slot.put(1)])
def test_a_worker_never_misses_its_call(
    threads: ThreadPoolExecutor, stop: Callable[[LatestSlot[int]], None]
) -> None:
    # An item or a close that comes just before take begins to wait must not be slept through.
    for _ in range(300):
        slot: LatestSlot[int] = LatestSlot()
        taken = threads.submit(slot.take, PATIENCE_S)
        stop(slot)
        taken.result(PATIENCE_S / 2)
