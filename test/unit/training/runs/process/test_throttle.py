"""A viewer gets a share of the time of a run; what there is no time for is answered as before."""

from __future__ import annotations

from collections.abc import Iterator
import threading
import time

from nn_perception.training.inspection.turns import Turns
from nn_perception.training.inspection.wire import Message
from nn_perception.training.runs.process.budget import AnswerBudget, LARGEST_S, SHARE
from nn_perception.training.runs.process.throttle import Throttle
from nn_perception.training.runs.process.training import Training
import numpy as np
import pytest


class Busy(Training):
    """A training that is running, without a network."""

    is_running = True

    def __init__(self) -> None:
        self.generation = 0


def work(seconds: float) -> None:
    began_s = time.process_time()
    while time.process_time() - began_s < seconds:
        pass


def spend(budget: AnswerBudget) -> None:
    with budget.charged():
        work(LARGEST_S * 1.2)


def test_the_budget_is_a_share() -> None:
    budget = AnswerBudget()
    assert budget.wait_s == 0.0
    spend(budget)
    waiting_s = budget.wait_s
    assert waiting_s > 0.5 * LARGEST_S * 0.2 / SHARE
    work(0.1)
    assert budget.wait_s == pytest.approx(waiting_s - 0.1, abs=0.05)
    budget.refill()
    assert budget.wait_s == 0.0


class Viewer:
    """
    A viewer whose answers are numbered in their order.

    :ivar budget: of its answers
    :ivar training: that it looks at
    """

    def __init__(self, turns: Turns) -> None:
        self.budget, self.training = AnswerBudget(), Busy()
        self._throttle = Throttle(turns, self.budget, self.training)
        self._count = 0

    def ask(self, name: str, request: Message) -> int:
        """Send a request; return the number of its answer."""
        return int(self._throttle.wrap(name, self._answer)(request).values['number'])

    def _answer(self, _: Message) -> Message:
        self._count += 1
        return Message({'number': self._count})


@pytest.fixture
def viewer() -> Iterator[Viewer]:
    """Return a viewer of a training that answers between its steps."""
    turns, stopped = Turns(), threading.Event()

    def answer_all() -> None:
        while not stopped.is_set():
            turns.wait(0.05)
            turns.run_pending()

    thread = threading.Thread(target=answer_all)
    thread.start()
    yield Viewer(turns)
    stopped.set()
    thread.join()


ONE, OTHER = (Message({}, (np.full(1, value, np.uint8),)) for value in (1, 2))


def test_an_answer_is_given_again_while_there_is_no_time(viewer: Viewer) -> None:
    assert viewer.ask('look', ONE) == 1
    assert viewer.ask('look', ONE) == 2
    spend(viewer.budget)
    assert viewer.ask('look', ONE) == 2
    assert viewer.ask('look', Message()) == 2  # the last picture, which is the same
    assert viewer.ask('look', OTHER) == 3
    spend(viewer.budget)
    # An old answer about the first picture would leave the network at the second one.
    assert viewer.ask('look', ONE) == 4


def test_an_answer_about_another_picture_is_not_given_again(viewer: Viewer) -> None:
    assert viewer.ask('look', ONE) == 1
    assert viewer.ask('map', Message()) == 2
    assert viewer.ask('look', OTHER) == 3
    spend(viewer.budget)
    assert viewer.ask('map', Message()) == 4


def test_a_paused_run_has_all_the_time(viewer: Viewer) -> None:
    assert viewer.ask('look', ONE) == 1
    viewer.training.is_running = False
    spend(viewer.budget)
    assert viewer.ask('look', ONE) == 2
