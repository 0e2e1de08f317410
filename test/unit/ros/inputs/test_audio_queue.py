"""The queue between the subscription to a sound and the worker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from nn_perception.capabilities.sounds.chunks import Chunk
from nn_perception.ros.inputs import audio_queue
from nn_perception.ros.inputs.audio_queue import AudioQueue, MAX_BYTES, MAX_COUNT, MAX_WAIT_S
import numpy as np
from patience import PATIENCE_S
import pytest


def chunk(number: int = 0, size: int = 10) -> Chunk:
    return Chunk(np.zeros(size, np.int16), 16_000, 1, float(number), 0.0)


def queue() -> AudioQueue:
    opened = AudioQueue()
    opened.open()
    return opened


def test_nothing_is_dropped_while_the_worker_is_busy_for_a_moment() -> None:
    busy = queue()
    for number in range(100):
        busy.put(chunk(number))
    taken = [busy.take(0.0) for _ in range(100)]
    assert [one.stamp_s for one in taken if one] == list(range(100))
    assert busy.take(0.0) is None
    assert busy.dropped == 0


def test_what_waits_too_long_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now_s=0.0)
    monkeypatch.setattr(audio_queue, 'time', SimpleNamespace(monotonic=lambda: clock.now_s))
    slow = queue()
    slow.put(chunk(1))
    clock.now_s = MAX_WAIT_S / 2
    slow.put(chunk(2))
    clock.now_s = MAX_WAIT_S + 0.1
    slow.put(chunk(3))
    assert slow.dropped == 1
    assert [one.stamp_s for _ in range(2) if (one := slow.take(0.0))] == [2.0, 3.0]


def test_it_is_bounded_by_number_and_by_size() -> None:
    many = queue()
    for number in range(MAX_COUNT + 5):
        many.put(chunk(number))
    assert many.dropped == 5
    large = queue()
    for number in range(5):
        large.put(chunk(number, MAX_BYTES // 5))
    assert large.dropped == 3
    # One that is larger than all that is allowed is still there alone.
    alone = queue()
    alone.put(chunk(0, MAX_BYTES))
    assert alone.take(0.0) is not None


def test_closing_ends_a_wait_and_drops_what_comes() -> None:
    closed = queue()
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(closed.take, PATIENCE_S)
        closed.close()
        assert taken.result(PATIENCE_S) is None
    closed.put(chunk())
    assert closed.dropped == 1
    closed.open()
    assert closed.take(0.0) is None


def test_clearing_is_no_loss() -> None:
    cleared = queue()
    cleared.put(chunk())
    cleared.clear()
    assert cleared.take(0.0) is None
    assert cleared.dropped == 0
