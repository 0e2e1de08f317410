"""Overload of a thread; the clocks are simulated, the threads are real."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
import time

from nn_perception.core import load_monitor
from nn_perception.core.load_monitor import LoadMonitor
import pytest


class SimulatedThread:
    """A thread that works a fraction of the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 50.0
        self.spent_s = 3.0
        monkeypatch.setattr(load_monitor.time, 'monotonic', lambda: self.now_s)
        monkeypatch.setattr(load_monitor.time, 'thread_time', lambda: self.spent_s)
        self.monitor = LoadMonitor()

    def work(self, seconds: float, share: float, *, parallel: float = 0.0) -> bool:
        """Advance the clocks with ten updates per second; return the result of the last one."""
        overloaded = False
        for _ in range(round(10 * seconds)):
            self.now_s += 0.1
            self.spent_s += 0.1 * share
            self.monitor.add_cpu_time(0.1 * parallel)
            overloaded = self.monitor.update()
        return overloaded


@pytest.fixture
def thread(monkeypatch: pytest.MonkeyPatch) -> SimulatedThread:
    return SimulatedThread(monkeypatch)


@pytest.mark.parametrize(('share', 'overloaded'), [(0.1, False), (0.8, False), (0.9, True)])
def test_overload_threshold(thread: SimulatedThread, share: float, overloaded: bool) -> None:
    assert thread.work(3.0, share) is overloaded


def test_overload_is_detected_after_one_window(thread: SimulatedThread) -> None:
    assert not thread.work(0.4, 1.0)
    assert thread.work(0.2, 1.0)


def test_the_same_work_in_parallel_remains_an_overload(thread: SimulatedThread) -> None:
    """Work takes longer on two cores; the monitor must correct for that."""
    assert thread.work(2.0, 0.95)
    assert thread.work(5.0, 0.15, parallel=0.8 * 1.25)


def test_less_work_ends_the_overload(thread: SimulatedThread) -> None:
    assert thread.work(2.0, 1.0)
    assert thread.work(2.0, 0.8), 'between the thresholds the state does not change'
    assert not thread.work(2.0, 0.15, parallel=0.55 * 1.25)
    assert not thread.work(2.0, 0.8)


def test_a_pause_ends_the_overload(thread: SimulatedThread) -> None:
    assert thread.work(2.0, 1.0)
    thread.now_s += 60.0
    assert not thread.monitor.update()


def test_the_cpu_time_of_another_thread_does_not_count() -> None:
    """A new thread starts a new measurement: what it did before is other work."""
    with ThreadPoolExecutor(1) as idle, ThreadPoolExecutor(1) as other:
        other.submit(burn, 1.3 * load_monitor.WINDOW_S).result()
        monitor = idle.submit(LoadMonitor).result()
        time.sleep(1.05 * load_monitor.WINDOW_S)
        assert other.submit(monitor.update).result() is False


def burn(seconds: float) -> None:
    """Use CPU time."""
    while time.thread_time() < seconds:
        pass
