"""Other threads get what the executor's thread did, or a sentence."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
import threading
import time
from typing import Any

import pytest
from std_srvs.srv import SetBool


def test_functions_run_in_the_thread_of_the_executor(graph: Any) -> None:
    threads = {graph.calls.call(threading.current_thread) for _ in range(3)}
    assert {thread.name for thread in threads} == {'spin'}
    with pytest.raises(ValueError, match='a reason'):
        graph.calls.call(lambda: int('a reason'))


def test_calls_of_many_threads_are_all_answered(graph: Any) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda i: graph.calls.call(lambda: i * i), range(500)))
    assert answers == [i * i for i in range(500)]


def test_a_busy_node(graph: Any) -> None:
    free = threading.Event()
    graph.calls.post(free.wait)
    with pytest.raises(RuntimeError, match='too busy'):
        graph.calls.call(int, timeout_s=0.1)
    free.set()
    assert graph.calls.call(int) == 0


def test_whoever_waits_is_told_that_the_node_stops(graph: Any) -> None:
    never: Future[int] = Future()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(graph.calls.wait_for, never, 60.0, 'too slow')
        began_s = time.monotonic()
        while not waiting.running():
            time.sleep(0.01)
        time.sleep(0.1)
        graph.stop_calls()
        with pytest.raises(RuntimeError, match='the node of the page has stopped'):
            waiting.result()
    assert time.monotonic() - began_s < 30.0
    with pytest.raises(RuntimeError, match='has stopped'):
        graph.calls.call(int)
    graph.calls.post(int)


def test_services_of_others(graph: Any) -> None:
    asked = []

    def answer(request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        asked.append(request.data)
        response.success, response.message = True, 'done'
        return response

    graph.robot.create_service(SetBool, '/robot/enable', answer)
    response = graph.services.call(SetBool, '/robot/enable', SetBool.Request(data=True))
    assert (response.success, response.message, asked) == (True, 'done', [True])
    with pytest.raises(RuntimeError, match='nobody offers the service /nobody/enable'):
        graph.services.call(SetBool, '/nobody/enable', SetBool.Request())


def test_a_service_that_does_not_answer(graph: Any) -> None:
    graph.robot.create_service(SetBool, '/robot/enable', lambda *_: 1 / 0)
    # Its thread would end with the error; here nobody spins it.
    graph.calls.call(lambda: graph.remove(graph.robot))
    with pytest.raises(RuntimeError, match='/robot/enable did not answer within 0 s'):
        graph.services.call(SetBool, '/robot/enable', SetBool.Request(), timeout_s=0.2)
