"""A thread that works on the newest of what it is offered."""

from __future__ import annotations

import threading

from nn_perception.studio.viewer.newest_worker import NewestWorker

PATIENCE_S = 10.0


def test_older_items_are_dropped() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), []
    finished = threading.Event()

    def work(item: int) -> None:
        done.append(item)
        begun.set()
        assert go_on.wait(PATIENCE_S)
        if item == 9:
            finished.set()

    worker = NewestWorker(work, 'test')
    worker.offer(0)
    assert begun.wait(PATIENCE_S)
    for item in range(1, 10):
        worker.offer(item)
    go_on.set()
    assert finished.wait(PATIENCE_S)
    worker.stop()
    assert done == [0, 9]


def test_the_thread_ends_and_starts_again() -> None:
    threads: list[threading.Thread] = []
    called = threading.Event()

    def work(_: int) -> None:
        threads.append(threading.current_thread())
        called.set()

    worker = NewestWorker(work, 'test')
    for _ in range(2):
        called.clear()
        worker.offer(1)
        assert called.wait(PATIENCE_S)
        worker.stop()
    assert [thread.is_alive() for thread in threads] == [False, False]
    assert threads[0] is not threads[1]


def test_work_may_stop_its_own_worker() -> None:
    stopped = threading.Event()

    def work(_: int) -> None:
        worker.stop()
        stopped.set()

    worker = NewestWorker(work, 'test')
    worker.offer(1)
    assert stopped.wait(PATIENCE_S)
