"""The requests that a run answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nn_perception.training.inspection.server import Method
from nn_perception.training.inspection.wire import Message
from nn_perception.training.runs.data.samples import RunData
from nn_perception.training.runs.learning.checkpoint import write_run_checkpoint
from nn_perception.training.runs.learning.evaluator import top_labels
from nn_perception.training.runs.plain_records import from_message, to_message
from nn_perception.training.runs.predictions import check_index
from nn_perception.training.runs.process.evaluations import Evaluations
from nn_perception.training.runs.process.training import Training
from nn_perception.training.runs.records import Prediction, Rates
import numpy as np

MAX_INDICES = 1000
MAX_PATH = 4096
# Answered in the thread of the connection: they are cheap, or wait for something themselves.
AT_ONCE = frozenset({'status', 'evaluate', 'examples'})
COSTLY = frozenset(
    'history predictions statistics maps layers look region arithmetic value save_snapshot'.split()
)


class RunMethods:
    """The requests about the training itself; those about layers are elsewhere."""

    def __init__(self, training: Training, data: RunData, evaluations: Evaluations) -> None:
        self._training = training
        self._data = data
        self._evaluations = evaluations

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        training = self._training
        commands: dict[str, Callable[[], Any]] = {
            'pause': training.pause,
            'resume': training.resume,
            'step': training.step_once,
            'reset': training.reset,
        }
        return {name: _command(call) for name, call in commands.items()} | {
            'status': lambda _: to_message(training.status),
            'history': lambda _: to_message(training.curves.history()),
            'set_rates': self._set_rates,
            'set_epochs': self._set_epochs,
            'evaluate': self._evaluate,
            'examples': self._examples,
            'predictions': self._predictions,
            'test_picture': self._test_picture,
            'save_snapshot': self._save_snapshot,
            'write_checkpoint': self._write_checkpoint,
        }

    def _set_rates(self, request: Message) -> Message:
        self._training.set_rates(from_message(Rates, request, 'rates'))
        return Message()

    def _set_epochs(self, request: Message) -> Message:
        self._training.set_epochs(_whole(request, 'epochs'))
        return Message()

    def _evaluate(self, request: Message) -> Message:
        before = request.values.get('before_training') is True
        return to_message(self._evaluations.ask(before_training=before).evaluation())

    def _examples(self, request: Message) -> Message:
        found = self._evaluations.newest() or self._evaluations.ask()
        numbers = [_whole(request, name) for name in ('truth', 'prediction', 'count')]
        return to_message(found.examples(*numbers))

    def _predictions(self, request: Message) -> Message:
        indices = request.values.get('indices')
        if not isinstance(indices, list) or len(indices) > MAX_INDICES:
            raise ValueError(f'The indices must be a list of at most {MAX_INDICES}.')
        test = self._data.test
        for index in indices:
            if type(index) is not int:
                raise ValueError('The indices must be whole numbers.')
            check_index(index, len(test))
        if not indices:
            return to_message([])
        learner = self._training.learner
        top, scores = top_labels(learner.network, learner, test.images[np.asarray(indices)])
        return to_message(
            [
                Prediction(index, int(test.labels[index]), tuple(best), tuple(shares))
                for index, best, shares in zip(indices, top.tolist(), scores.tolist(), strict=True)
            ]
        )

    def _test_picture(self, request: Message) -> Message:
        index = _whole(request, 'index')
        check_index(index, len(self._data.test))
        return to_message(self._data.test.images[index])

    def _save_snapshot(self, _: Message) -> Message:
        return to_message(np.frombuffer(self._training.snapshot(), np.uint8))

    def _write_checkpoint(self, request: Message) -> Message:
        path = request.values.get('path')
        if not isinstance(path, str) or len(path) > MAX_PATH or not Path(path).is_absolute():
            raise ValueError('The path of a checkpoint must be absolute.')
        training = self._training
        write_run_checkpoint(Path(path), training.learner, training.settings, self._data)
        return Message()


def _command(call: Callable[[], None]) -> Method:
    def method(_: Message) -> Message:
        call()
        return Message()

    return method


def _whole(request: Message, name: str) -> int:
    value = request.values.get(name)
    if type(value) is not int:
        raise ValueError(f'{name} must be a whole number.')
    return value
