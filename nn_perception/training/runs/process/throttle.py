"""Requests that take long: they wait for their turn, and while it trains, for their time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
import hashlib
import json
import time

from nn_perception.training.inspection.server import FAILED, Method, WRONG
from nn_perception.training.inspection.turns import Turns
from nn_perception.training.inspection.wire import Message
from nn_perception.training.runs.process.budget import AnswerBudget
from nn_perception.training.runs.process.training import Training

MAX_ANSWERS = 32
LONGEST_WAIT_S = 0.5


class Throttle:
    """
    The requests of one viewer that take long.

    While the run trains they get a share of its time. One that was answered before is answered
    again as then if there is no time; one that is new waits a moment.
    """

    def __init__(self, turns: Turns, budget: AnswerBudget, training: Training) -> None:
        self._turns = turns
        self._budget = budget
        self._training = training
        self._answers: OrderedDict[str, Message] = OrderedDict()

    def wrap(self, name: str, method: Method) -> Method:
        """Return a method that waits for its turn and its time, and then calls another."""

        def throttled(request: Message) -> Message:
            key = self._key(name, request)
            if self._training.is_running and (wait_s := self._budget.wait_s):
                if (known := self._answers.get(key)) is not None:
                    return known
                time.sleep(min(wait_s, LONGEST_WAIT_S))
            answer = self.in_turn(name, lambda: method(request))
            self._answers[key] = answer
            if len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)
            return answer

        return throttled

    def in_turn(self, name: str, method: Callable[[], Message]) -> Message:
        """
        Call a method between two steps.

        :raises ValueError, RuntimeError, OSError: what the method raises
        """
        errors: list[Exception] = []

        def work() -> Message:
            try:
                with self._budget.charged():
                    return method()
            except (*WRONG, *FAILED) as error:
                errors.append(error)
                return Message()

        answer = self._turns(name, work)
        if errors:
            raise errors[0]
        return answer

    def _key(self, name: str, request: Message) -> str:
        digest = hashlib.sha256(json.dumps([name, self._training.generation]).encode())
        digest.update(json.dumps(dict(request.values), sort_keys=True).encode())
        for array in request.arrays:
            digest.update(f'{array.dtype} {array.shape}'.encode())
            digest.update(array.tobytes())
        return digest.hexdigest()
