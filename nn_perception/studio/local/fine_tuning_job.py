"""The fine-tuning job of the page, in a child process."""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
from typing import Any

from nn_perception.studio.backend.fine_tuning import JobState
from nn_perception.training.fine_tuning.job import FineTuningJob, JobResult
from nn_perception.training.fine_tuning.job_process import FineTuningProcess

LOG = logging.getLogger(__name__)

METRICS = ('train_loss', 'validation_loss', 'train_accuracy', 'validation_accuracy')
MAX_EPOCHS = 10_000


class LocalJob:
    """
    The job that runs, or ran last; threads may share it.

    :param on_new_version: called when a job has ended with a new version
    """

    def __init__(self, on_new_version: Callable[[], None]) -> None:
        self._on_new_version = on_new_version
        self._lock = threading.Lock()
        self._process: FineTuningProcess | None = None
        # Held while a job starts, so that there is one at a time.
        self._starting = threading.Lock()
        self._state = JobState()
        self._number = 0

    @property
    def state(self) -> JobState:
        """The state; it is replaced as a whole."""
        return self._state

    def start(self, job: FineTuningJob) -> None:
        """
        Start a job.

        :raises ValueError: if one runs
        :raises OSError: if the process cannot be started
        """
        with self._starting:
            with self._lock:
                if self._state.running:
                    raise ValueError('a training runs already; wait for its end, or cancel it')
                self._number += 1
                number = self._number
                self._state = JobState(running=True, stage='start')
            try:
                process = FineTuningProcess(
                    job,
                    lambda progress: self._on_progress(number, progress),
                    lambda end: self._on_end(number, end),
                )
            except OSError as error:
                self._set(number, JobState(message=f'the training cannot be started: {error}'))
                raise
            self._process = process

    def cancel(self) -> None:
        """
        Cancel the job.

        :raises ValueError: if none runs, or it stores its result already
        """
        with self._starting:
            process = self._process
        if process is None or not self._state.running:
            raise ValueError('no training runs')
        if not process.cancel():
            raise ValueError('the training is complete; its version is being stored')

    def close(self) -> None:
        """Cancel the job, and wait for its end."""
        with self._starting:
            if self._process is not None:
                self._process.stop()

    def _on_progress(self, number: int, progress: dict[str, Any]) -> None:
        history = self._state.history
        epoch = progress.get('epoch')
        if epoch and len(history) < MAX_EPOCHS:
            values = {name: float(epoch[name]) for name in METRICS}
            # The same epoch is reported until the next one is complete.
            history = (*history[: int(epoch['epoch']) - 1], values)
        stage, done = str(progress['stage']), float(progress['done'])
        self._set(number, JobState(running=True, stage=stage, progress=done, history=history))

    def _on_end(self, number: int, end: JobResult | str) -> None:
        history = self._state.history
        if isinstance(end, JobResult):
            state = JobState(
                stage='done',
                progress=1.0,
                history=history,
                succeeded=True,
                message=end.message,
                version=end.version,
            )
        else:
            LOG.warning('fine-tuning: %s', end)
            state = JobState(history=history, message=end)
        self._set(number, state)
        if state.succeeded:
            self._on_new_version()

    def _set(self, number: int, state: JobState) -> None:
        with self._lock:
            if number == self._number:
                self._state = state
