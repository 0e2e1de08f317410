"""A deferred response is sent by whoever finishes the work, and errors become messages."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import cv2
from nn_perception.ros.fine_tuning.deferred_service import create_deferred_service
from nn_perception.ros.fine_tuning.rate_limiter import RateLimitedCallbackGroup
import pytest
from std_srvs.srv import SetBool


class FakeNode:
    """Serve requests as an executor does."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, Any]] = []
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self.tasks: list[tuple[Any, ...]] = []
        self.executor = SimpleNamespace(create_task=lambda *task: self.tasks.append(task))

    def create_service(self, kind: type, name: str, callback: Any, **options: Any) -> Any:
        self.options = options
        self.service = SimpleNamespace(
            callback=callback, send_response=lambda *sent: self.sent.append(sent)
        )
        return self.service

    def resolve_service_name(self, name: str) -> str:
        return name

    def get_logger(self) -> Any:
        return SimpleNamespace(
            error=lambda text, **_: self.errors.append(text), warning=self.warnings.append
        )

    def request(self, request: Any, response: Any, header: Any) -> None:
        self.service.send_response(self.service.callback(request, response), header)


def end(response: Any, result: int) -> None:
    response.value = result


def test_the_response_is_sent_when_the_work_is_done() -> None:
    node, work = FakeNode(), [Future(), Future()]
    create_deferred_service(node, SetBool, '~/work', lambda request: work[request], end)
    node.request(0, first := SimpleNamespace(), 'header 0')
    node.request(1, second := SimpleNamespace(), 'header 1')
    assert node.sent == []
    work[1].set_result(11)
    work[0].set_result(10)
    assert node.sent == [(second, 'header 1'), (first, 'header 0')]
    assert (first.value, second.value) == (10, 11)


ERRORS = [ValueError('no'), OSError('no'), RuntimeError('no'), MemoryError('no'), cv2.error('no')]


@pytest.mark.parametrize('error', ERRORS)
@pytest.mark.parametrize('where', ['begin', 'work', 'end'])
def test_an_error_becomes_the_message(error: Exception, where: str) -> None:
    def begin(_: Any) -> Future[int]:
        if where == 'begin':
            raise error
        work: Future[int] = Future()
        work.set_exception(error) if where == 'work' else work.set_result(1)
        return work

    def fail(*_: Any) -> None:
        raise error

    node = FakeNode()
    create_deferred_service(node, SetBool, '~/work', begin, fail if where == 'end' else end)
    node.request(None, response := SimpleNamespace(message=''), 'header')
    assert node.sent == [(response, 'header')]
    assert response.message == 'no'
    assert not node.tasks
    node.request(None, SimpleNamespace(), 'header')  # has no message
    assert node.errors == ['~/work failed: no']
    assert len(node.sent) == 2


@pytest.mark.parametrize('where', ['work', 'end'])
def test_a_bug_is_answered_and_then_raised_by_the_executor(where: str) -> None:
    work: Future[int] = Future()
    work.set_exception(KeyError('mug')) if where == 'work' else work.set_result(1)

    def fail(*_: Any) -> None:
        raise KeyError('mug')

    node = FakeNode()
    create_deferred_service(node, SetBool, '~/work', lambda _: work, fail)
    node.request(None, response := SimpleNamespace(message=''), 'header')
    assert node.sent == [(response, 'header')]
    assert response.message == 'an unexpected error, see the log'
    ((function, *arguments),) = node.tasks
    with pytest.raises(KeyError, match='mug'):
        function(*arguments)


def test_a_client_that_is_gone_is_a_warning() -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError('client will not receive response')

    work: Future[int] = Future()
    work.set_result(1)
    node = FakeNode()
    node.sent = SimpleNamespace(append=fail)
    create_deferred_service(node, SetBool, '~/work', lambda _: work, end)
    node.request(None, SimpleNamespace(), 'header')
    assert node.warnings == ['a response could not be sent: client will not receive response']


def test_a_burst_of_requests_finds_room() -> None:
    node = FakeNode()
    create_deferred_service(node, SetBool, '~/work', lambda _: Future(), end)
    assert node.options['qos_profile'].depth >= 1000
    assert isinstance(node.options['callback_group'], RateLimitedCallbackGroup)
