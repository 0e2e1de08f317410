"""What every recipe of a run has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import time
from typing import Any, Protocol

from nn_perception.training.runs.learning.curves import EpochPoint
from nn_perception.training.runs.records import Rates
import numpy as np
from numpy.typing import NDArray
from torch import nn, Tensor

NOT_FINITE = (
    'The loss became {loss} in epoch {epoch}, step {step}: the steps are too large. Reset the run '
    'with a smaller learning rate; a third of it usually helps.'
)


@dataclass(frozen=True)
class StepDone:
    """
    A step.

    :param loss: mean of the batch, before the step
    :param correct: number of correct predictions, before the step
    :param samples: size of the batch
    :param forward_ms: duration of the forward pass
    :param backward_ms: duration of the backward pass and the update
    :param epoch: metrics of the epoch that ended with the step; None if none did
    """

    loss: float
    correct: int
    samples: int
    forward_ms: float
    backward_ms: float
    epoch: EpochPoint | None = None


class Learner(Protocol):
    """
    A network that learns.

    :ivar labels: names of its outputs
    """

    labels: tuple[str, ...]

    @property
    def network(self) -> nn.Module:
        """What is looked into, evaluated and written to a checkpoint."""

    @property
    def trained(self) -> nn.Module:
        """What is trained; mostly the same."""

    @property
    def epoch(self) -> int:
        """Number of finished epochs."""

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches, with the batch size in use."""

    def step(self) -> StepDone:
        """
        Learn from one batch; at the end of an epoch, validate.

        :raises ArithmeticError: a sentence, if the loss is not finite
        """

    def set_rates(self, rates: Rates) -> None:
        """
        Change the rates of the next steps.

        :raises ValueError: a sentence, if the recipe does not allow them
        """

    def set_epochs(self, epochs: int) -> None:
        """Change the number of epochs, on which the learning rate may depend."""

    def inputs(self, images: NDArray[np.uint8]) -> Tensor:
        """Turn pictures of the right size into a batch."""

    def last_batch(self) -> LastBatch:
        """Return what the last step learned from; what the next one will, if there was none."""

    def initial_network(self) -> nn.Module:
        """Return a network with the weights that the seed gives."""

    def tensors(self) -> Mapping[str, Tensor]:
        """Return everything that is stored, by name, after ``progress`` was read."""

    def progress(self) -> dict[str, Any]:
        """Return everything that is stored and is no tensor."""

    def load(self, tensors: Mapping[str, Tensor], progress: Any) -> None:
        """
        Go on from what was stored; it may come from a stranger.

        :raises ValueError: if it does not fit
        """

    def close(self) -> None:
        """End its threads."""


@dataclass(frozen=True)
class LastBatch:
    """
    What a step learned from, so that it can be looked at again.

    :param inputs: of the network, ``(N, C, H, W)``
    :param labels: int64, ``(N,)``
    :param seed: of the randomness in the step, as of dropout
    :param loss: computes the loss from logits and labels
    """

    inputs: Tensor
    labels: Tensor
    seed: int
    loss: Callable[[Tensor, Tensor], Tensor]


def seed_of(*numbers: int) -> int:
    """Combine numbers into one seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


class Stopwatch:
    """Durations of the parts of a step."""

    def __init__(self) -> None:
        self._last_s = time.perf_counter()

    def lap_ms(self) -> float:
        """Return the milliseconds since the last call."""
        before_s, self._last_s = self._last_s, time.perf_counter()
        return 1e3 * (self._last_s - before_s)
