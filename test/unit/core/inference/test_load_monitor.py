"""When one thread has too much to do; the clocks are played, the threads are real."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
import time

from nn_perception.core.inference import load_monitor
from nn_perception.core.inference.load_monitor import LoadMonitor
import pytest


class Clocks:
    """A thread that works a share of the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 50.0
        self.spent_s = 3.0
        monkeypatch.setattr(load_monitor.time, 'monotonic', lambda: self.now_s)
        monkeypatch.setattr(load_monitor.time, 'thread_time', lambda: self.spent_s)
        self.load = LoadMonitor()

    def work(self, seconds: float, share: float, *, others: float = 0.0) -> bool:
        """Go on for a time, ten times a second; give what was judged last."""
        judged = False
        for _ in range(round(10 * seconds)):
            self.now_s += 0.1
            self.spent_s += 0.1 * share
            self.load.hand_on(0.1 * others)
            judged = self.load.judge()
        return judged


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


@pytest.mark.parametrize(('share', 'too_much'), [(0.1, False), (0.8, False), (0.9, True)])
def test_what_is_too_much(clocks: Clocks, share: float, too_much: bool) -> None:
    assert clocks.work(3.0, share) is too_much


def test_it_takes_half_a_second(clocks: Clocks) -> None:
    assert not clocks.work(0.4, 1.0)
    assert clocks.work(0.2, 1.0)


def test_the_same_work_stays_too_much_when_it_is_shared_out(clocks: Clocks) -> None:
    """On two cores at once it takes longer: that must not look like more work, nor like less."""
    assert clocks.work(2.0, 0.95)
    assert clocks.work(5.0, 0.15, others=0.8 * 1.25)


def test_less_work_needs_one_thread_again(clocks: Clocks) -> None:
    assert clocks.work(2.0, 1.0)
    assert clocks.work(2.0, 0.8), 'between the limits it stays as it is'
    assert not clocks.work(2.0, 0.15, others=0.55 * 1.25)
    assert not clocks.work(2.0, 0.8)


def test_a_pause_is_leisure(clocks: Clocks) -> None:
    assert clocks.work(2.0, 1.0)
    clocks.now_s += 60.0
    assert not clocks.load.judge()


def test_threads_of_one_engine_are_not_confused() -> None:
    """A thread that was busy before it came to this work has not been busy with it."""
    with ThreadPoolExecutor(1) as idle, ThreadPoolExecutor(1) as other:
        other.submit(burn, 1.3 * load_monitor.WINDOW_S).result()
        load = idle.submit(LoadMonitor).result()
        time.sleep(1.05 * load_monitor.WINDOW_S)
        assert other.submit(load.judge).result() is False


def burn(seconds: float) -> None:
    """Spend processor time."""
    while time.thread_time() < seconds:
        pass
