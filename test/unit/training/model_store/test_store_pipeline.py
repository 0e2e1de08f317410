"""
A tagging pipeline that follows the store: when it swaps, and what becomes of the frames meanwhile.

The store and the taggers are stand-ins, so that a test decides when loading ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import threading
import time
from types import SimpleNamespace
from typing import Any

from nn_perception.capabilities.tagging.pipeline import TaggingOptions
from nn_perception.core.frame import Frame
from nn_perception.training.model_store.model_follower import ModelFollower
from nn_perception.training.model_store.store_pipeline import StorePipeline
import numpy as np
import pytest

PATIENCE_S = 10.0
FRAME = Frame(np.zeros((8, 8, 3), np.uint8))


class FakeStore:
    """A store in which a test activates versions."""

    def __init__(self) -> None:
        self.version = ''
        self.error: Exception | None = None

    def active_name(self, name: str) -> str | None:
        """Name the active version."""
        if self.error is not None:
            raise self.error
        return self.version or None

    def active(self, name: str) -> Any:
        """Return the active version."""
        version = self.version
        return SimpleNamespace(version=version, checkpoint=version) if version else None


class FakeTagger:
    """A tagger that is sure of one label, its name."""

    def __init__(self, name: str, loading: Callable[[], None] = lambda: None) -> None:
        self.labels = (name,)
        self.model = SimpleNamespace(warm_up=loading)
        self.closed = False

    def scores_of(self, images: Sequence[Any]) -> np.ndarray:
        """Be sure of the label."""
        assert not self.closed
        return np.ones((len(images), 1), np.float32)

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class Robot:
    """A pipeline that follows a store, and what happened to it."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.loading = threading.Event()
        self.loading.set()
        self.error: Exception | None = None
        self.opened: list[FakeTagger] = []
        self.swaps: list[str] = []
        follower = ModelFollower(self.store, 'things', self.open)
        self.first = FakeTagger('first')
        self.pipeline = StorePipeline(
            follower,
            self.first,
            TaggingOptions(),
            lambda: self.swaps.append(self.pipeline.labels[0]),
        )

    def open(self, version: str) -> FakeTagger:
        """Open a version; loading ends when the test allows it."""
        if self.error is not None:
            raise self.error
        self.opened.append(FakeTagger(version, lambda: self.loading.wait(PATIENCE_S)))
        return self.opened[-1]

    def tag(self) -> str:
        """Tag a frame and return the label."""
        ((tag,),) = self.pipeline.process([FRAME])
        return tag.label

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.005)


@pytest.fixture
def robot() -> Iterator[Robot]:
    robot = Robot()
    yield robot
    robot.loading.set()
    robot.pipeline.close()


def test_the_first_tagger_runs_until_a_version_is_loaded(robot: Robot) -> None:
    robot.pipeline.poll()
    assert (robot.tag(), robot.opened) == ('first', [])
    robot.loading.clear()
    robot.store.version = 'v1'
    robot.pipeline.poll()
    robot.until(lambda: bool(robot.opened))
    for _ in range(5):
        robot.pipeline.poll()
        assert robot.tag() == 'first'
    robot.loading.set()
    robot.until(lambda: robot.tag() == 'v1')
    assert robot.first.closed
    assert robot.swaps == ['v1']
    assert len(robot.opened) == 1


def test_without_frames_poll_swaps(robot: Robot) -> None:
    robot.store.version = 'v1'

    def swapped() -> bool:
        robot.pipeline.poll()
        return robot.swaps == ['v1']

    robot.until(swapped)
    assert robot.pipeline.labels == ('v1',)
    robot.store.version = 'v2'
    robot.until(lambda: (robot.pipeline.poll(), robot.swaps == ['v1', 'v2'])[1])
    assert [tagger.closed for tagger in robot.opened] == [True, False]


def test_poll_does_not_wait_for_frames_in_process(robot: Robot) -> None:
    began, ends = threading.Event(), threading.Event()

    def slow(images: Sequence[Any]) -> np.ndarray:
        began.set()
        assert ends.wait(PATIENCE_S)
        return np.ones((1, 1), np.float32)

    robot.first.scores_of = slow
    labels: list[str] = []
    worker = threading.Thread(target=lambda: labels.append(robot.tag()))
    worker.start()
    assert began.wait(PATIENCE_S)
    robot.store.version = 'v1'
    robot.pipeline.poll()
    robot.until(lambda: bool(robot.opened))
    time.sleep(0.05)
    before = time.monotonic()
    robot.pipeline.poll()
    assert time.monotonic() - before < PATIENCE_S / 10
    # The model must not be closed while it runs.
    assert (robot.swaps, robot.first.closed) == ([], False)
    ends.set()
    worker.join(PATIENCE_S)
    assert labels == ['first']
    robot.until(lambda: robot.tag() == 'v1')


def test_every_frame_has_a_result_during_swaps(robot: Robot) -> None:
    labels: list[str] = []
    stopped = threading.Event()

    def work() -> None:
        while not stopped.is_set():
            labels.append(robot.tag())

    worker = threading.Thread(target=work)
    worker.start()
    versions = [f'v{number}' for number in range(20)]
    for version in versions:
        robot.store.version = version
        robot.until(lambda version=version: (robot.pipeline.poll(), labels[-1:] == [version])[1])
    stopped.set()
    worker.join(PATIENCE_S)
    assert not worker.is_alive()
    # In order, each version once, and none was closed while it ran.
    assert list(dict.fromkeys(labels)) == ['first', *versions]
    assert robot.swaps == versions
    assert [tagger.closed for tagger in robot.opened] == [True] * 19 + [False]


def test_a_version_that_cannot_be_loaded_changes_nothing(robot: Robot) -> None:
    robot.error = ValueError('the checkpoint is damaged')
    robot.store.version = 'v1'
    robot.pipeline.poll()
    robot.until(lambda: bool(robot.pipeline.problem))
    assert robot.pipeline.problem == (
        'things keeps its previous version: the checkpoint is damaged'
    )
    assert robot.tag() == 'first'
    robot.error = None
    robot.store.version = 'v2'
    robot.until(lambda: (robot.pipeline.poll(), robot.tag() == 'v2')[1])
    assert robot.pipeline.problem == ''


def test_a_store_that_cannot_be_read_is_a_problem(robot: Robot) -> None:
    robot.store.error = OSError('no permission')
    robot.pipeline.poll()
    assert robot.pipeline.problem == 'no permission'
    assert robot.tag() == 'first'


def test_options_apply_to_the_next_version_too(robot: Robot) -> None:
    robot.pipeline.options = TaggingOptions(min_score=1.0)
    robot.store.version = 'v1'
    robot.until(lambda: (robot.pipeline.poll(), robot.tag() == 'v1')[1])
    assert robot.pipeline.options.min_score == 1.0


def test_close_closes_also_what_was_not_taken(robot: Robot) -> None:
    robot.store.version = 'v1'
    robot.pipeline.poll()
    robot.until(lambda: bool(robot.opened))
    robot.pipeline.close()
    assert robot.first.closed
    assert robot.opened[0].closed
    robot.store.version = 'v2'
    robot.pipeline.poll()
    assert len(robot.opened) == 1
