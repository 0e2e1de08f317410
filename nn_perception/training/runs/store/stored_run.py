"""The answers of a run that has no process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nn_perception.training.runs.predictions import Predictions
from nn_perception.training.runs.records import (
    Evaluation,
    History,
    Prediction,
    RunState,
    RunStatus,
)
from nn_perception.training.runs.run_folder import RunFolder, starting

ENDED = 'The process of this run has ended; continue the run to look into it.'
BUSY = 'This run is starting or busy, and does not answer; try again.'
KILLED = (
    'The process of this run has ended unexpectedly; what it stored last, after {step} steps, is '
    'kept, and the run can be continued from there.'
)
NOT_EVALUATED = 'This run has ended before it was evaluated; continue it to evaluate it.'


class StoredRun:
    """
    The answers of a run that has no process.

    :param folder: of the run
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder

    def status(self) -> RunStatus:
        """Return how it ended."""
        found = self._folder.read(RunStatus, 'status')
        if found is None:
            found = starting(self._folder.settings())
        if found.state in (RunState.FAILED, RunState.ENDED):
            return found
        return replace(found, state=RunState.ENDED, message=KILLED.format(step=found.step))

    def history(self) -> History:
        """Return its curves up to its last snapshot."""
        return self._folder.read(History, 'history') or History()

    def evaluate(self, *, before_training: bool = False) -> Evaluation:
        """
        Return its last evaluation.

        :raises RuntimeError: if there is none
        """
        return self._predictions(before_training=before_training).evaluation()

    def predictions(self, indices: Sequence[int]) -> tuple[Prediction, ...]:
        """Return what its last evaluation says about test samples."""
        found = self._predictions()
        return tuple(found.of(index) for index in indices)

    def examples(self, truth: int, prediction: int, count: int) -> tuple[int, ...]:
        """Return indices of the test samples of one cell of its last evaluation."""
        return self._predictions().examples(truth, prediction, count)

    def save_snapshot(self) -> bytes:
        """
        Return its last snapshot.

        :raises RuntimeError: if there is none
        """
        try:
            return self._folder.snapshot.read_bytes()
        except FileNotFoundError as error:
            raise RuntimeError('This run has ended before it stored a snapshot.') from error

    def _predictions(self, *, before_training: bool = False) -> Predictions:
        path = self._folder.evaluation(before_training=before_training)
        try:
            return Predictions.read(path)
        except FileNotFoundError as error:
            raise RuntimeError(NOT_EVALUATED) from error
