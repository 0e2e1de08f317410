"""A training that is steered: its state, its steps, and what is stored of it."""

from __future__ import annotations

from collections.abc import Callable
import logging
import time

from nn_perception.core.files.atomic import write_atomically
from nn_perception.training.runs.checks import check_epochs, check_rates, check_recipe
from nn_perception.training.runs.learning.curves import Curves
from nn_perception.training.runs.learning.learner import Learner
from nn_perception.training.runs.learning.optimizers import l2_loss
from nn_perception.training.runs.learning.snapshot import load_snapshot, write_snapshot
from nn_perception.training.runs.process.meters import Meters
from nn_perception.training.runs.records import Rates, RunSettings, RunState, RunStatus
from nn_perception.training.runs.run_folder import RunFolder
from nn_perception.training.runs.snapshot_file import SnapshotMetadata

LOG = logging.getLogger(__name__)

SAVE_PERIOD_S = 30.0
# Saving takes at most this share of the time, also where epochs are short.
SAVE_SHARE = 0.02
# The L2 loss changes slowly, and is computed anew after so many steps.
L2_STEPS = 10
CAUSES = (ArithmeticError, RuntimeError, ValueError, OSError, MemoryError)


class Training:
    """
    A training that is steered; all methods are called by one thread, but ``status`` by any.

    :param settings: of the run
    :param build: builds the learner, with the initial weights
    :ivar generation: number of resets
    """

    def __init__(self, settings: RunSettings, build: Callable[[Rates], Learner]) -> None:
        self.settings = settings
        self._build = build
        self.rates, self.epochs = settings.rates, settings.epochs
        self.generation = 0
        self._state, self._message = RunState.STARTING, ''
        self._begin()

    def _begin(self) -> None:
        self.learner = self._build(self.rates)
        self.learner.set_epochs(self.epochs)
        self.curves = Curves()
        self._meters = Meters()
        self._steps, self._examples, self._seconds = 0, 0, 0.0
        self._saved_s, self._save_took_s = time.monotonic(), 0.0
        self._epoch_saved = 0
        self._publish()

    def _publish(self) -> None:
        meters, learner = self._meters, self.learner
        self.status = RunStatus(
            self._state,
            self._message,
            self.rates,
            learner.epoch,
            self.epochs,
            self._steps,
            learner.steps_per_epoch,
            self._examples,
            meters.examples_per_s,
            meters.forward_ms,
            meters.backward_ms,
            self._seconds,
            meters.l2_loss,
        )

    @property
    def state(self) -> RunState:
        """What it is doing."""
        return self._state

    @property
    def is_running(self) -> bool:
        """Whether it does steps."""
        return self._state is RunState.RUNNING

    @property
    def steps(self) -> int:
        """Number of steps that are done."""
        return self._steps

    def _enter(self, state: RunState, message: str = '') -> None:
        self._state, self._message = state, message
        self._publish()

    def fail(self, reason: str) -> None:
        """Fail, for a reason in a sentence."""
        LOG.warning('%s', reason)
        self._enter(RunState.FAILED, reason)

    def warn(self, message: str) -> None:
        """Say something in the status that does not end the run; empty: nothing any more."""
        if self._state is not RunState.FAILED and message != self._message:
            self._enter(self._state, message)

    def pause(self) -> None:
        """Pause."""
        if self._state in (RunState.RUNNING, RunState.STARTING):
            self._enter(RunState.PAUSED)

    def resume(self) -> None:
        """
        Go on, unless all epochs are done.

        :raises RuntimeError: if it has failed
        """
        self._check_alive()
        finished = self.learner.epoch >= self.epochs
        self._enter(RunState.FINISHED if finished else RunState.RUNNING)

    def step_once(self) -> None:
        """
        Do one step, and pause.

        :raises RuntimeError: if it has failed
        :raises ValueError: if all epochs are done
        """
        self._check_alive()
        if self.learner.epoch >= self.epochs:
            raise ValueError('All epochs are done; raise their number to train on.')
        self._enter(RunState.PAUSED)
        self.advance()

    def reset(self) -> None:
        """Begin again with the weights of the seed; a paused run stays paused."""
        paused = self._state is RunState.PAUSED
        self.learner.close()
        self.generation += 1
        self._begin()
        self._enter(RunState.PAUSED if paused else RunState.RUNNING)

    def set_rates(self, rates: Rates) -> None:
        """
        Change the rates of the next steps.

        :raises ValueError: a sentence, if they are wrong
        """
        check_rates(rates)
        check_recipe(self.settings.recipe, rates)
        self.learner.set_rates(rates)
        self.rates = rates
        self._publish()

    def set_epochs(self, epochs: int) -> None:
        """
        Change the number of epochs.

        :raises ValueError: a sentence, if it is out of range
        """
        check_epochs(epochs)
        self.epochs = epochs
        self.learner.set_epochs(epochs)
        if self._state is RunState.FINISHED:
            self.resume()
        elif self.is_running or self._state is RunState.PAUSED:
            self._finish_if_done()
        self._publish()

    def advance(self) -> None:
        """Do one step; what goes wrong in it is said by the status."""
        began_s = time.monotonic()
        try:
            done = self.learner.step()
        except CAUSES as error:
            self.fail(f'{error}')
            return
        took_s = time.monotonic() - began_s
        self._steps += 1
        self._examples += done.samples
        self._seconds += took_s
        self.curves.add_batch(done.loss, done.correct, done.samples)
        self.curves.finish_batch(self._examples, self._seconds)
        if self._steps % L2_STEPS == 1:
            self._meters.l2_loss = l2_loss(self.learner.trained, self.rates.weight_decay)
        if done.epoch is None:
            self._meters.add(done.forward_ms, done.backward_ms, took_s, done.samples)
        else:
            self.curves.add_epoch(self.learner.epoch, done.epoch)
            self._finish_if_done()
        self._publish()

    def _finish_if_done(self) -> None:
        if self.learner.epoch >= self.epochs:
            self._enter(RunState.FINISHED)

    def _check_alive(self) -> None:
        if self._state is RunState.FAILED:
            raise RuntimeError(self._message)

    def snapshot(self) -> bytes:
        """
        Return a snapshot.

        :raises RuntimeError: if it has failed: its weights may not be finite
        """
        self._check_alive()
        tensors = self.learner.tensors()
        metadata = SnapshotMetadata(
            self.settings, self.status, self.curves.to_json(), self.learner.progress()
        )
        return write_snapshot(tensors, metadata)

    def load(self, content: bytes, *, stored: bool) -> None:
        """
        Go on from a snapshot.

        :param stored: it is one of this run, so its rates and epochs are those in use
        :raises ValueError: a sentence, if it does not fit
        """
        tensors, metadata = load_snapshot(content)
        status = metadata.status
        if stored:
            self.rates, self.epochs = status.rates, status.epochs
            self.learner.set_rates(self.rates)
            self.learner.set_epochs(self.epochs)
        try:
            curves = Curves.from_json(metadata.curves)
            self.learner.load(tensors, metadata.progress)
        except ValueError as error:
            raise ValueError(f'The snapshot does not fit this run: {error}.') from error
        self.curves = curves
        self._steps, self._examples = status.step, status.examples
        self._seconds, self._epoch_saved = status.seconds, self.learner.epoch
        self._publish()

    def is_save_due(self) -> bool:
        """Tell whether it should be stored: after each epoch, and every half a minute."""
        since_s = time.monotonic() - self._saved_s
        if self._state is RunState.FAILED or since_s * SAVE_SHARE < self._save_took_s:
            return False
        changed = self._epoch_saved != self.learner.epoch
        return changed or (self.is_running and since_s > SAVE_PERIOD_S)

    def save(self, folder: RunFolder, state: RunState | None = None) -> None:
        """
        Store snapshot, history and status.

        :param state: stored instead of the state
        :raises OSError: if something cannot be written
        """
        began_s = time.monotonic()
        if self._state is not RunState.FAILED:
            write_atomically(folder.snapshot, self.snapshot())
        folder.write('history', self.curves.history())
        kept = RunState.FAILED if self._state is RunState.FAILED else state or self._state
        folder.write('status', RunStatus(**{**vars(self.status), 'state': kept}))
        self._saved_s = time.monotonic()
        self._save_took_s = self._saved_s - began_s
        self._epoch_saved = self.learner.epoch
