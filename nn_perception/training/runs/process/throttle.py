"""Requests that take long: they wait for their turn, and while it trains, for their time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
import hashlib
import json
import time
from typing import Any

from nn_perception.training.inspection.server import FAILED, Method, WRONG
from nn_perception.training.inspection.turns import Turns
from nn_perception.training.inspection.wire import Message
from nn_perception.training.runs.process.budget import AnswerBudget
from nn_perception.training.runs.process.training import Training
from numpy.typing import NDArray

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
        # What the viewer looked at last, on which later answers depend.
        self._picture = ''

    def wrap(self, name: str, method: Method) -> Method:
        """Return a method that waits for its turn and its time, and then calls another."""

        def throttled(request: Message) -> Message:
            picture = _digest_of(request.arrays) or self._picture
            key = self._key(name, picture, request)
            if self._training.is_running and (wait_s := self._budget.wait_s):
                known = self._answers.get(key)
                if known is not None and picture == self._picture:
                    return known
                time.sleep(min(wait_s, LONGEST_WAIT_S))
            answer = self.in_turn(name, lambda: method(request))
            self._picture = picture
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

    def _key(self, name: str, picture: str, request: Message) -> str:
        values = json.dumps(dict(request.values), sort_keys=True)
        return f'{name} {self._training.generation} {picture} {values}'


def _digest_of(arrays: Sequence[NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f'{array.dtype} {array.shape}'.encode())
        digest.update(array.tobytes())
    return digest.hexdigest() if arrays else ''
