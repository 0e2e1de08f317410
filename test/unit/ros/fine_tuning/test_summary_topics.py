"""The newest state is published last, and a failure to publish changes nothing else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
import threading
from types import SimpleNamespace
from typing import Any

from nn_perception.ros.fine_tuning.summary_topics import ActiveModelTopic, DatasetTopic
from nn_perception.training.model_store.store import ModelStore
import pytest
from rclpy.time import Time


class FakeNode:
    """Holds back what is published until it is let through."""

    def __init__(self) -> None:
        self.published: list[Any] = []
        self.warnings: list[str] = []
        self.allowed, self.waiting = threading.Event(), threading.Event()
        self.allowed.set()
        self.error: Exception | None = None

    def create_publisher(self, *_: Any) -> Any:
        return SimpleNamespace(publish=self.publish)

    def publish(self, msg: Any) -> None:
        self.waiting.set()
        assert self.allowed.wait(30.0)
        if self.error is not None:
            raise self.error
        self.published.append(msg)

    def get_clock(self) -> Any:
        return SimpleNamespace(now=lambda: Time(seconds=7))

    def get_logger(self) -> Any:
        return SimpleNamespace(warning=self.warnings.append)


def both(node: FakeNode, first: Callable[[], None], second: Callable[[], None]) -> None:
    """Begin the second function while the first one publishes."""
    node.allowed.clear()
    begun = threading.Event()

    def begin_second() -> None:
        begun.set()
        second()

    with ThreadPoolExecutor(2) as threads:
        futures: list[Future[None]] = [threads.submit(first)]
        assert node.waiting.wait(30.0)
        futures.append(threads.submit(begin_second))
        assert begun.wait(30.0)
        node.allowed.set()
        for future in futures:
            future.result(30.0)


def recorder(label: str) -> Any:
    dataset = SimpleNamespace(name='kitchen', counts=lambda: {'mug': 3}, size_bytes=5)
    return SimpleNamespace(dataset=dataset, label=label)


def test_the_end_of_a_recording_is_published_last() -> None:
    node = FakeNode()
    topic, state = DatasetTopic(node), recorder('mug')

    def stop() -> None:
        state.label = ''
        topic.publish(state)

    both(node, lambda: topic.publish(state), stop)
    assert [msg.recording_label for msg in node.published] == ['mug', '']
    last = node.published[-1]
    assert (last.name, list(last.labels), list(last.counts)) == ('kitchen', ['mug'], [3])


def test_a_summary_that_cannot_be_published_is_a_warning() -> None:
    node = FakeNode()
    node.error = RuntimeError('the context is invalid')
    DatasetTopic(node).publish(recorder('mug'))
    assert node.warnings == ['~/dataset could not be published: the context is invalid']


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A store whose active version is that of an attribute."""
    store = ModelStore(tmp_path)
    state = SimpleNamespace(active='one', error=None, store=store)

    def active(_: str) -> Any:
        if state.error is not None:
            raise state.error
        values = {'name': 'm', 'labels': (), 'accuracy': None, 'trained_at_ns': 0}
        return SimpleNamespace(version=state.active, active=True, **values)

    monkeypatch.setattr(store, 'active', active)
    monkeypatch.setattr(store, 'active_name', lambda _: state.active)
    return state


def test_the_newest_active_version_is_published_last(store: Any) -> None:
    node = FakeNode()
    topic = ActiveModelTopic(node, store.store, 'm')
    assert topic.changed

    def activate() -> None:
        store.active = 'two'
        topic.publish()

    both(node, topic.publish, activate)
    assert [msg.version for msg in node.published] == ['one', 'two']
    assert not topic.changed


def test_a_damaged_version_is_reported_once(store: Any) -> None:
    node = FakeNode()
    topic = ActiveModelTopic(node, store.store, 'm')
    store.error = ValueError('the version one is damaged')
    topic.publish()
    assert topic.take_problem() == 'the version one is damaged'
    assert topic.take_problem() == ''
    assert (node.published, topic.version) == ([], '')
