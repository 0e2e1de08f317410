"""A viewer gets a share of the time of a run; what there is no time for is answered as before."""

from __future__ import annotations

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

    def __init__(self) -> None:
        self.generation = 0

    @property
    def is_running(self) -> bool:
        """Whether it does steps."""
        return True


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


def test_an_answer_is_given_again_while_there_is_no_time() -> None:
    budget, turns, calls = AnswerBudget(), Turns(), []
    throttle = Throttle(turns, budget, Busy())

    def method(request: Message) -> Message:
        calls.append(request)
        return Message({'number': len(calls)})

    look = throttle.wrap('look', method)
    stopped = threading.Event()

    def answer_all() -> None:
        while not stopped.is_set():
            turns.wait(0.05)
            turns.run_pending()

    thread = threading.Thread(target=answer_all)
    thread.start()
    try:
        one, other = (Message({}, (np.full(1, value, np.uint8),)) for value in (1, 2))
        assert look(one).values['number'] == 1
        assert look(one).values['number'] == 2
        spend(budget)
        assert look(one).values['number'] == 2
        assert look(Message()).values['number'] == 2  # the last picture, which is the same
        assert look(other).values['number'] == 3
        spend(budget)
        # An old answer about the first picture would leave the network at the second one.
        assert look(one).values['number'] == 4
    finally:
        stopped.set()
        thread.join()
