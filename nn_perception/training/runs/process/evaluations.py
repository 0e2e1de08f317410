"""The evaluations of a run: done in pieces between its steps, only when somebody asks."""

from __future__ import annotations

from concurrent.futures import Future
import threading
import time

from nn_perception.training.runs.data.samples import RunData
from nn_perception.training.runs.learning.evaluator import EvaluationWork
from nn_perception.training.runs.predictions import Predictions
from nn_perception.training.runs.process.training import Training

# While it trains, an evaluation is followed by this many times its own duration without one.
PAUSE_FACTOR = 12.0
WAIT_S = 120.0


class Evaluations:
    """Evaluations with the weights of now, and with those that the run began with."""

    def __init__(self, training: Training, data: RunData) -> None:
        self._training = training
        self._data = data
        self._lock = threading.Lock()
        self._done: dict[bool, Predictions] = {}
        self._waiting: dict[bool, list[Future[Predictions]]] = {False: [], True: []}
        self._work: EvaluationWork | None = None
        self._of_initial = False
        self._generation = training.generation
        self._began_s = self._ended_s = self._took_s = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether there is something to do for :meth:`advance`."""
        return self._work is not None or any(self._waiting.values())

    def newest(self, *, before_training: bool = False) -> Predictions | None:
        """Return the last one; None if there is none."""
        return self._done.get(before_training)

    def ask(self, *, before_training: bool = False) -> Predictions:
        """
        Return an evaluation that is new enough; wait for it. Called by other threads.

        :raises RuntimeError: if it takes too long
        """
        future: Future[Predictions] = Future()
        with self._lock:
            found = self._new_enough(before_training)
            if found is not None:
                return found
            self._waiting[before_training].append(future)
        try:
            return future.result(WAIT_S)
        except TimeoutError as error:
            raise RuntimeError('The evaluation takes too long.') from error

    def want(self) -> None:
        """Ask for an evaluation without waiting for it, unless the last one is of now."""
        with self._lock:
            if self._new_enough(False) is None:
                self._waiting[False].append(Future())

    def advance(self) -> None:
        """Do a piece of what is asked for. Called by the thread that trains."""
        if self._generation != self._training.generation:
            self._generation = self._training.generation
            self._work = None
            with self._lock:
                self._done.clear()
        if self._work is None:
            self._of_initial = not self._waiting[False]
            network = self._training.learner.network
            if self._of_initial:
                network = self._training.learner.initial_network()
            steps = 0 if self._of_initial else self._training.steps
            self._work = EvaluationWork(network, self._training.learner, self._data, steps)
            self._began_s = time.monotonic()
            return
        found = self._work.advance()
        if found is not None:
            self._finish(found)

    def _finish(self, found: Predictions) -> None:
        self._work = None
        self._ended_s = time.monotonic()
        self._took_s = self._ended_s - self._began_s
        with self._lock:
            self._done[self._of_initial] = found
            waiting = self._waiting[self._of_initial]
            self._waiting[self._of_initial] = []
        for future in waiting:
            future.set_result(found)

    def _new_enough(self, before_training: bool) -> Predictions | None:
        found = self._done.get(before_training)
        if found is None or self._generation != self._training.generation:
            return None
        if before_training or found.step == self._training.steps:
            return found
        if not self._training.is_running:
            return None
        recent = time.monotonic() - self._ended_s < PAUSE_FACTOR * self._took_s
        return found if recent or found.epoch == self._training.learner.epoch else None
