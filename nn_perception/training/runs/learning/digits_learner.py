"""The recipe ``train-digits``: the steps of the command of this name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nn_perception.core.networks.build import build
from nn_perception.core.networks.defined.definition import parse
from nn_perception.core.networks.defined.presets import preset_of, PRESETS
from nn_perception.training.digits.training_loop import (
    loss_of,
    normalised,
    seed_of_step,
    TrainingSettings,
)
from nn_perception.training.digits.training_run import TrainingOptions, TrainingRun
from nn_perception.training.digits.training_set import LABELS
from nn_perception.training.epoch import Epoch
from nn_perception.training.runs.checks import check_recipe
from nn_perception.training.runs.data.idx_data import idx_sources
from nn_perception.training.runs.data.samples import RunData
from nn_perception.training.runs.learning.curves import EpochPoint
from nn_perception.training.runs.learning.learner import LastBatch, NOT_FINITE, StepDone
from nn_perception.training.runs.plain_records import from_plain, to_plain
from nn_perception.training.runs.records import Rates, RunSettings
import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor

MNIST = 'mnist'


@dataclass(frozen=True)
class Progress:
    """See :meth:`nn_perception.training.digits.training_state.TrainingState.progress`."""

    epoch: int
    step: int
    seconds: float
    updates: int
    loss_sum: float
    correct: int
    seen: int
    history: tuple[Epoch, ...]


class DigitsLearner:
    """
    See :class:`nn_perception.training.runs.learning.learner.Learner`.

    :param folder: private folder of the run
    :raises ValueError: a sentence, if the command trains no such network
    """

    def __init__(self, settings: RunSettings, rates: Rates, data: RunData, folder: Path) -> None:
        self._settings = TrainingSettings(
            network=network_of(settings),
            epochs=settings.epochs,
            batch_size=rates.batch_size,
            learning_rate=rates.learning_rate,
            seed=settings.seed,
        )
        self._data = data
        self._training = TrainingRun(
            TrainingOptions(
                data=idx_sources()[MNIST].folder(),
                output=folder,
                settings=self._settings,
                limit=settings.limit or None,
                restart=True,
            )
        )
        self.labels = LABELS
        self._steps = self._training.steps_from_here(self._settings)
        self._last: tuple[int, int] = (0, 0)

    @property
    def network(self) -> nn.Module:
        """The average of the weights, which is what the command stores."""
        return self._training.state.average

    @property
    def trained(self) -> nn.Module:
        """The network whose gradients are computed."""
        return self._training.state.network

    @property
    def epoch(self) -> int:
        """Number of finished epochs."""
        return self._training.state.epoch

    @property
    def steps_per_epoch(self) -> int:
        """Number of complete batches."""
        return self._training.steps

    def step(self) -> StepDone:
        """Learn from one batch; at the end of an epoch, validate."""
        state = self._training.state
        self.trained.train()
        try:
            done = next(self._steps)
        except ArithmeticError as error:
            sentence = NOT_FINITE.format(
                loss='infinite or not a number', epoch=state.epoch + 1, step=state.step + 1
            )
            raise ArithmeticError(sentence) from error
        self._last = (done.epoch, done.done - 1)
        forward_s, backward_s = state.step_seconds
        epoch = None
        if done.metrics is not None:
            epoch = EpochPoint(
                done.metrics.train_loss,
                done.metrics.train_accuracy,
                done.metrics.validation_loss,
                done.metrics.validation_accuracy,
            )
        return StepDone(*state.last_step, forward_s * 1e3, backward_s * 1e3, epoch)

    def set_rates(self, rates: Rates) -> None:
        """
        Change the peak of the learning rate.

        :raises ValueError: if another rate changes
        """
        check_recipe('train-digits', rates)
        if rates.batch_size != self._settings.batch_size:
            raise ValueError(
                'The recipe train-digits keeps its batch size: its steps depend on their number.'
            )
        self._change(replace(self._settings, learning_rate=rates.learning_rate))

    def set_epochs(self, epochs: int) -> None:
        """Change the number of epochs, over which the learning rate falls."""
        self._change(replace(self._settings, epochs=epochs))

    def inputs(self, images: NDArray[np.uint8]) -> Tensor:
        """Turn pictures of the right size into a batch."""
        return self._data.inputs(images)

    def last_batch(self) -> LastBatch:
        """Return what the last step learned from; what the next one will, if there was none."""
        epoch, step = self._last
        images, labels = self._training.batch(epoch, step, self._settings.batch_size)
        seed = seed_of_step(self._settings.seed, epoch, step)
        return LastBatch(normalised(images), labels, seed, loss_of(self._settings))

    def initial_network(self) -> nn.Module:
        """Return a network with the weights that the seed gives."""
        torch.manual_seed(self._settings.seed)
        return build(self._settings.network, len(LABELS)).to(memory_format=torch.channels_last)

    def tensors(self) -> Mapping[str, Tensor]:
        """Return weights, their average, and momentum."""
        return {name: values.contiguous() for name, values in self._training.state.tensors()}

    def progress(self) -> dict[str, Any]:
        """Return the progress; JSON."""
        return self._training.state.progress()

    def load(self, tensors: Mapping[str, Tensor], progress: Any) -> None:
        """Go on from what was stored."""
        checked = from_plain(Progress, progress, 'progress')
        counts = (checked.epoch, checked.step, checked.updates, checked.correct, checked.seen)
        if min(counts) < 0 or checked.step >= self.steps_per_epoch:
            raise ValueError('its progress is out of range')
        state = self._training.state
        shapes = {name: values.shape for name, values in state.tensors()}
        if {name: values.shape for name, values in tensors.items()} != shapes:
            raise ValueError('its tensors are not those of this network')
        try:
            state.restore(tensors, to_plain(checked))
        except (KeyError, RuntimeError) as error:
            raise ValueError(f'its tensors do not fit ({error})') from error
        self._change(self._settings)

    def close(self) -> None:
        """End the thread that prepares batches."""
        self._steps.close()

    def _change(self, settings: TrainingSettings) -> None:
        self._steps.close()
        self._settings = settings
        self._steps = self._training.steps_from_here(settings)


def network_of(settings: RunSettings) -> str:
    """
    Name the network that the command trains and that has the layers of a definition.

    :raises ValueError: a sentence, if there is none, or the data are not MNIST
    """
    preset = preset_of(parse(settings.network))
    network = PRESETS[preset].network if preset else ''
    if not network:
        raise ValueError(
            'The recipe train-digits trains the networks cnn and mlp; the recipe plain trains '
            'every network.'
        )
    if settings.data != MNIST:
        raise ValueError('The recipe train-digits trains with MNIST only.')
    return network
