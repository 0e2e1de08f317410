"""A deferred response is sent by whoever finishes the work, and errors become messages."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from nn_perception.ros.fine_tuning.deferred_service import create_deferred_service
import pytest


class FakeNode:
    """Serve requests as an executor does."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, Any]] = []
        self.errors: list[str] = []

    def create_service(self, kind: type, name: str, callback: Any) -> Any:
        self.service = SimpleNamespace(
            callback=callback, send_response=lambda *sent: self.sent.append(sent)
        )
        return self.service

    def get_logger(self) -> Any:
        return SimpleNamespace(error=self.errors.append)

    def request(self, request: Any, response: Any, header: Any) -> None:
        self.service.send_response(self.service.callback(request, response), header)


def end(response: Any, result: int) -> None:
    response.value = result


def test_the_response_is_sent_when_the_work_is_done() -> None:
    node, work = FakeNode(), [Future(), Future()]
    create_deferred_service(node, object, '~/work', lambda request: work[request], end)
    node.request(0, first := SimpleNamespace(), 'header 0')
    node.request(1, second := SimpleNamespace(), 'header 1')
    assert node.sent == []
    work[1].set_result(11)
    work[0].set_result(10)
    assert node.sent == [(second, 'header 1'), (first, 'header 0')]
    assert (first.value, second.value) == (10, 11)


@pytest.mark.parametrize('error', [ValueError('no'), OSError('no'), RuntimeError('no')])
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
    create_deferred_service(node, object, '~/work', begin, fail if where == 'end' else end)
    node.request(None, response := SimpleNamespace(message=''), 'header')
    assert node.sent == [(response, 'header')]
    assert response.message == 'no'
    node.request(None, SimpleNamespace(), 'header')  # has no message
    assert node.errors == ['~/work failed: no']
    assert len(node.sent) == 2
