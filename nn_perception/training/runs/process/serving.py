"""A run that trains, and answers requests between its steps."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import logging
import threading
import time

from nn_perception.core.files.atomic import write_atomically
from nn_perception.core.inference.processors import usable_cores
from nn_perception.core.networks.defined.definition import parse
from nn_perception.training.inspection.methods import inspectable_methods
from nn_perception.training.inspection.pictures import preparation_of
from nn_perception.training.inspection.server import Method
from nn_perception.training.inspection.turns import Turns
from nn_perception.training.inspection.wire import Message
from nn_perception.training.runs.checks import TRAIN_DIGITS
from nn_perception.training.runs.data.catalog import open_data
from nn_perception.training.runs.data.samples import RunData
from nn_perception.training.runs.learning.digits_learner import DigitsLearner
from nn_perception.training.runs.learning.learner import Learner
from nn_perception.training.runs.learning.plain_learner import PlainLearner
from nn_perception.training.runs.process.budget import AnswerBudget
from nn_perception.training.runs.process.evaluations import Evaluations
from nn_perception.training.runs.process.layer_methods import LayerMethods
from nn_perception.training.runs.process.looks import DEFINED, RunInspectable
from nn_perception.training.runs.process.run_methods import AT_ONCE, COSTLY, RunMethods
from nn_perception.training.runs.process.throttle import Throttle
from nn_perception.training.runs.process.training import Training
from nn_perception.training.runs.records import Rates, RunSettings, RunState
from nn_perception.training.runs.run_folder import RunFolder
import safetensors.numpy
import torch

LOG = logging.getLogger(__name__)

# A run that does not train, and that nobody asks, ends after this time.
IDLE_S = 600.0
WAIT_S = 1.0
# Multiply-adds for an image; LeNet-5 has 400,000.
SMALL_NETWORK = 4_000_000
# An evaluation for the record, when a run is ended.
LAST_EVALUATION_S = 5.0
MNIST = 'mnist'
# Samples by name, seed and limit.
_prepared: dict[tuple[str, int, int], RunData] = {}


class Serving:
    """
    A run that trains, and answers requests between its steps.

    :param folder: of the run
    :param training: the training
    :param data: the samples
    """

    def __init__(self, folder: RunFolder, training: Training, data: RunData) -> None:
        self._folder = folder
        self._training = training
        self._data = data
        self._evaluations = Evaluations(training, data)
        self._layers = LayerMethods(training, data)
        self._budget = AnswerBudget()
        self._turns = Turns()
        self._ending = threading.Event()
        self._evaluates_at_end = False

    def open_viewer(self) -> dict[str, Method]:
        """Return the methods for a connection."""
        throttle = Throttle(self._turns, self._budget, self._training)
        learner = self._training.learner
        network = RunInspectable(
            lambda: self._layers.traced(self._training.learner.network),
            preparation_of(DEFINED, self._data.preprocessing, learner.labels),
            learner.labels,
        )
        methods = {
            **RunMethods(self._training, self._data, self._evaluations).methods(),
            **self._layers.methods(),
            **inspectable_methods(network),
        }
        wrapped: dict[str, Method] = {'end': self._end}
        for name, method in methods.items():
            if name in AT_ONCE:
                wrapped[name] = method
            elif name in COSTLY:
                wrapped[name] = throttle.wrap(name, method)
            else:
                wrapped[name] = _in_turn(throttle, name, method)
        return wrapped

    def end(self, *, evaluate: bool) -> None:
        """
        Store everything and end, after the current step.

        :param evaluate: with an evaluation of the last weights, if that is quick
        """
        self._evaluates_at_end = evaluate
        self._ending.set()

    def run(self, idle_s: Callable[[], float]) -> None:
        """
        Train and answer until the run is ended, or nobody asks for long.

        :param idle_s: seconds without a request
        """
        while not self._ending.is_set():
            self._turns.run_pending()
            busy = self._training.is_running or self._evaluations.is_busy
            if self._training.is_running:
                self._training.advance()
            if self._evaluations.is_busy:
                self._evaluations.advance()
            if self._training.is_save_due():
                self._save()
            if not busy:
                self._budget.refill()
                self._turns.wait(WAIT_S)
                if idle_s() > IDLE_S:
                    break
        self._turns.close()
        self._finish()

    def _end(self, request: Message) -> Message:
        self.end(evaluate=request.values.get('evaluate') is True)
        return Message()

    def _finish(self) -> None:
        self._training.pause()
        until_s = time.monotonic() + LAST_EVALUATION_S
        if self._evaluates_at_end and self._training.state is not RunState.FAILED:
            self._evaluations.want()
            while self._evaluations.is_busy and time.monotonic() < until_s:
                self._evaluations.advance()
        self._save(RunState.ENDED)
        self._training.learner.close()

    def _save(self, state: RunState | None = None) -> None:
        try:
            self._training.save(self._folder, state)
            for before in (False, True):
                self._save_evaluation(before=before)
            self._training.warn('')
        except OSError as error:
            LOG.warning('the run cannot be stored: %s', error)
            self._training.warn(f'This run cannot be stored: {error.strerror or error}.')

    def _save_evaluation(self, *, before: bool) -> None:
        found = self._evaluations.newest(before_training=before)
        if found is None:
            return
        content = safetensors.numpy.save(found.arrays(), found.metadata())
        write_atomically(self._folder.evaluation(before_training=before), content)


def open_serving(folder: RunFolder, *, paused: bool) -> Serving:
    """
    Load the samples, and build the network, or load the snapshot of the run.

    :raises OSError, ValueError, RuntimeError: a sentence, if that is not possible
    """
    settings = folder.settings()
    _set_up_torch(threads_of(settings))
    data = _take_prepared(settings)
    training = Training(settings, lambda rates: _build(settings, rates, data, folder))
    for path, stored in ((folder.snapshot, True), (folder.start, False)):
        if path.exists():
            training.load(path.read_bytes(), stored=stored)
            break
    training.resume()
    if paused:
        training.pause()
    return Serving(folder, training, data)


def warm_up() -> None:
    """Do what most runs do at first: torch loads some of its parts late, MNIST takes a second."""
    _set_up_torch(usable_cores())
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten())
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    network(torch.zeros(2, 1, 8, 8)).sum().backward()
    optimizer.step()
    with contextlib.suppress(OSError, ValueError):
        _prepared[MNIST, 0, 0] = open_data(MNIST)


def _take_prepared(settings: RunSettings) -> RunData:
    """Open the samples, unless they are prepared; other prepared ones are forgotten."""
    wanted = settings.data, settings.seed, settings.limit
    data = _prepared.get(wanted)
    _prepared.clear()
    return data or open_data(*wanted)


def threads_of(settings: RunSettings) -> int:
    """
    Choose the number of threads; another number gives other sums, and so other weights.

    Small layers are hardly faster with several threads, which would wait for each other.
    """
    small = parse(settings.network).multiply_adds < SMALL_NETWORK
    # The command uses all cores, too.
    return 1 if small and settings.recipe != TRAIN_DIGITS else usable_cores()


def _set_up_torch(threads: int) -> None:
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # Filling memory finds bugs, but costs time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _build(settings: RunSettings, rates: Rates, data: RunData, folder: RunFolder) -> Learner:
    if settings.recipe == TRAIN_DIGITS:
        return DigitsLearner(settings, rates, data, folder.path)
    return PlainLearner(settings, rates, data)


def _in_turn(throttle: Throttle, name: str, method: Method) -> Method:
    return lambda request: throttle.in_turn(name, lambda: method(request))
