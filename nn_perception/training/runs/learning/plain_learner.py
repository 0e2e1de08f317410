"""The recipe ``plain``: cross entropy, and the rates of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
import math
from typing import Any

from nn_perception.core.networks.defined.defined_network import DefinedNetwork
from nn_perception.core.networks.defined.definition import parse
from nn_perception.core.networks.defined.memory import check_size
from nn_perception.training.runs.checks import MAX_TRAINING_BYTES
from nn_perception.training.runs.data.samples import RunData
from nn_perception.training.runs.learning.curves import EpochPoint
from nn_perception.training.runs.learning.learner import (
    LastBatch,
    NOT_FINITE,
    seed_of,
    StepDone,
    Stopwatch,
)
from nn_perception.training.runs.learning.optimizers import (
    apply_rates,
    build_optimizer,
    COUNT,
    SLOTS,
)
from nn_perception.training.runs.plain_records import from_plain
from nn_perception.training.runs.records import Rates, RunSettings
import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor
from torch.nn import functional

EVALUATION_BATCH = 500
NETWORK, OPTIMIZER = 'network.', 'optimizer.'
# The seeds of a run, so that none of them is that of another thing.
OF_WEIGHTS, OF_ORDER, OF_STEP = range(3)


@dataclass
class Position:
    """
    Where a run is.

    :param epoch: number of finished epochs
    :param used: samples of this epoch that were used
    :param step: steps in this epoch
    :param loss: sum over the samples of this epoch
    :param correct: predictions in this epoch
    """

    epoch: int = 0
    used: int = 0
    step: int = 0
    loss: float = 0.0
    correct: int = 0


class PlainLearner:
    """
    See :class:`nn_perception.training.runs.learning.learner.Learner`.

    Randomness depends only on the seed, the epoch and the step, so a run goes on from a snapshot
    as if it had not stopped.
    """

    def __init__(self, settings: RunSettings, rates: Rates, data: RunData) -> None:
        self._settings = settings
        self._rates = rates
        self._data = data
        self._definition = parse(settings.network, len(data.labels))
        self.labels = data.labels
        self.network: nn.Module = self.initial_network()
        self._optimizer = build_optimizer(self.network, rates)
        self._position = Position()
        self._last: LastBatch | None = None
        self._order = lru_cache(2)(self._new_order)

    @property
    def trained(self) -> nn.Module:
        """The network whose gradients are computed."""
        return self.network

    @property
    def epoch(self) -> int:
        """Number of finished epochs."""
        return self._position.epoch

    @property
    def steps_per_epoch(self) -> int:
        """Number of complete batches."""
        return max(1, len(self._data.training) // self._rates.batch_size)

    def step(self) -> StepDone:
        """Learn from one batch; at the end of an epoch, validate."""
        batch = self._next_batch()
        self._last = batch
        self.network.train()
        torch.manual_seed(batch.seed)
        watch = Stopwatch()
        logits = self.network(batch.inputs)  # (N, classes)
        loss = batch.loss(logits, batch.labels)
        value = loss.item()
        position = self._position
        if not math.isfinite(value):
            raise ArithmeticError(
                NOT_FINITE.format(loss=value, epoch=position.epoch + 1, step=position.step + 1)
            )
        forward_ms = watch.lap_ms()
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        backward_ms = watch.lap_ms()
        count = len(batch.labels)
        correct = int((logits.detach().argmax(1) == batch.labels).sum())
        position.step += 1
        position.used += count
        position.loss += value * count
        position.correct += correct
        left = len(self._data.training) - position.used
        epoch = self._finish_epoch() if left < self._rates.batch_size else None
        return StepDone(value, correct, count, forward_ms, backward_ms, epoch)

    def set_rates(self, rates: Rates) -> None:
        """
        Change the rates of the next steps; another optimizer keeps the weights.

        :raises ValueError: a sentence, if the batch size does not fit the network or the memory
        """
        check_size(self._definition, rates.batch_size, MAX_TRAINING_BYTES, rates.optimizer)
        if rates.optimizer != self._rates.optimizer:
            self._optimizer = build_optimizer(self.network, rates)
        else:
            apply_rates(self._optimizer, rates)
        self._rates = rates

    def set_epochs(self, epochs: int) -> None:
        """Nothing depends on it."""

    def inputs(self, images: NDArray[np.uint8]) -> Tensor:
        """Turn pictures of the right size into a batch."""
        return self._data.inputs(images)

    def last_batch(self) -> LastBatch:
        """Return what the last step learned from; what the next one will, if there was none."""
        return self._last or self._next_batch()

    def initial_network(self) -> nn.Module:
        """Return a network with the weights that the seed gives."""
        torch.manual_seed(seed_of(self._settings.seed, OF_WEIGHTS))
        return DefinedNetwork(self._definition)

    def tensors(self) -> Mapping[str, Tensor]:
        """Return weights and state of the optimizer."""
        found = {f'{NETWORK}{name}': each for name, each in self.network.state_dict().items()}
        for name, parameter in self.network.named_parameters():
            for slot, value in self._optimizer.state.get(parameter, {}).items():
                if slot in SLOTS[self._rates.optimizer] and value is not None:
                    found[f'{OPTIMIZER}{slot}.{name}'] = torch.as_tensor(
                        value, dtype=torch.float32
                    )
        return found

    def progress(self) -> dict[str, Any]:
        """Return the position; JSON."""
        return dict(vars(self._position))

    def load(self, tensors: Mapping[str, Tensor], progress: Any) -> None:
        """Go on from what was stored, with another optimizer if the rates say so."""
        position = from_plain(Position, progress, 'progress')
        if min(vars(position).values()) < 0 or not math.isfinite(position.loss):
            raise ValueError('its progress is negative or not finite')
        if position.used >= len(self._data.training):
            raise ValueError('its progress is of more samples')
        state = self.network.state_dict()
        for name, values in state.items():
            stored = tensors.get(f'{NETWORK}{name}')
            if stored is None or stored.shape != values.shape or stored.dtype != values.dtype:
                raise ValueError(f'it lacks {name} of the shape {tuple(values.shape)}')
        with torch.no_grad():
            for name, values in state.items():
                values.copy_(tensors[f'{NETWORK}{name}'])
        self._load_optimizer(tensors)
        self._position = position

    def close(self) -> None:
        """It has no threads."""

    def _load_optimizer(self, tensors: Mapping[str, Tensor]) -> None:
        for slot, name, parameter in self._slots():
            stored = tensors.get(f'{OPTIMIZER}{slot}.{name}')
            if stored is None:
                continue
            shape = torch.Size() if slot == COUNT else parameter.shape
            if stored.shape != shape or stored.dtype != torch.float32:
                raise ValueError(f'{slot} of {name} does not have the shape {tuple(shape)}')
            self._optimizer.state[parameter][slot] = stored.clone()
        wanted = set(SLOTS[self._rates.optimizer])
        if self._rates.optimizer == 'rmsprop' and self._rates.momentum == 0.0:
            wanted -= {'momentum_buffer'}
        for parameter in self.network.parameters():
            if not wanted <= self._optimizer.state[parameter].keys():
                # That of another optimizer, or of a run that had not begun.
                self._optimizer = build_optimizer(self.network, self._rates)
                return

    def _slots(self) -> Iterator[tuple[str, str, Tensor]]:
        for name, parameter in self.network.named_parameters():
            for slot in SLOTS[self._rates.optimizer]:
                yield slot, name, parameter

    def _next_batch(self) -> LastBatch:
        position, seed = self._position, self._settings.seed
        order = self._order(position.epoch)
        # The batch size may have grown within an epoch, and batch norm needs two samples.
        first = min(position.used, max(0, len(order) - min(2, self._rates.batch_size)))
        chosen = order[first : first + self._rates.batch_size]
        part = self._data.training
        return LastBatch(
            self._data.batch(part, chosen),
            torch.from_numpy(part.labels[chosen]),
            seed_of(seed, OF_STEP, position.epoch, position.step),
            functional.cross_entropy,
        )

    def _new_order(self, epoch: int) -> NDArray[np.int64]:
        generator = np.random.default_rng([self._settings.seed, OF_ORDER, epoch])
        return generator.permutation(len(self._data.training))

    def _finish_epoch(self) -> EpochPoint:
        position, part = self._position, self._data.validation
        logits = evaluate(self, part.images)
        labels = torch.from_numpy(part.labels)
        done = EpochPoint(
            position.loss / position.used,
            position.correct / position.used,
            float(functional.cross_entropy(logits, labels)),
            float((logits.argmax(1) == labels).float().mean()),
        )
        self._position = Position(position.epoch + 1)
        return done


def evaluate(learner: PlainLearner, images: NDArray[np.uint8]) -> Tensor:
    """
    Run a network on pictures.

    :returns: logits, ``(N, classes)``
    """
    learner.network.eval()
    with torch.inference_mode():
        parts = [
            learner.network(learner.inputs(images[at : at + EVALUATION_BATCH]))
            for at in range(0, len(images), EVALUATION_BATCH)
        ]
    return torch.cat(parts)
