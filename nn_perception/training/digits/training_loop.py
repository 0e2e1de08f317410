"""
The training loop of the digit networks.

Stochastic gradient descent with Nesterov momentum and the one-cycle learning rate of Smith and
Topin, "Super-Convergence" (2018). The result is an exponential moving average of the weights
(Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992). Randomness
depends only on the seed, the epoch and the step, so an interrupted training resumes as if it had
not been interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
import contextlib
from dataclasses import dataclass
from functools import partial
import math
import time
from typing import Protocol

from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.training.digits.training_set import LABELS, NOT_A_DIGIT
from nn_perception.training.digits.training_state import TrainingState
from nn_perception.training.epoch import Epoch
import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor
from torch.nn import functional

NETWORKS = ('digit_cnn', 'digit_mlp')
PRECISIONS = ('float32', 'bfloat16')
# Mean and deviation of MNIST's training images, in units of the values 0 to 255.
PREPROCESSING = Preprocessing(
    size=28, crop=1.0, interpolation='linear', mean=(33.3184,), std=(78.5675,)
)
# The share of the steps in which the learning rate rises, and its start relative to the peak.
WARM_UP = 0.2
FIRST_RATE = 0.05
EVALUATION_BATCH = 500


@dataclass(frozen=True)
class TrainingSettings:
    """
    Settings that, together with the samples, determine the result.

    :param network: one of ``NETWORKS``
    :param epochs: number of epochs
    :param batch_size: number of samples per step
    :param learning_rate: peak of the learning rate, after a fifth of the steps
    :param weight_decay: weight decay, except for batch norm and biases
    :param label_smoothing: share of a label that is spread over all labels
    :param clutter_weight: weight of clutter relative to a digit; below 1, since it is better to
        read a damaged digit: the reader also recognises clutter by its background
    :param average_decay: share of the averaged weights that stays in each step
    :param seed: seed of all randomness
    :param precision: precision of the forward pass during training; bfloat16 takes half the time
        on processors that support it, and weights and averages stay float32
    :raises ValueError: if a value is out of range
    """

    network: str = 'digit_cnn'
    epochs: int = 20
    batch_size: int = 128
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    label_smoothing: float = 0.05
    clutter_weight: float = 0.15
    average_decay: float = 0.999
    seed: int = 0
    precision: str = 'float32'

    def __post_init__(self) -> None:
        """Check the values."""
        if self.network not in NETWORKS:
            raise ValueError(f'network must be {" or ".join(NETWORKS)}, got {self.network!r}')
        if self.precision not in PRECISIONS:
            raise ValueError(
                f'precision must be {" or ".join(PRECISIONS)}, got {self.precision!r}'
            )
        if self.epochs < 1:
            raise ValueError(f'epochs must be at least 1, got {self.epochs}')
        if self.batch_size < 2:
            raise ValueError(f'batch_size must be at least 2, got {self.batch_size}')
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0.0):
            raise ValueError(f'learning_rate must be above 0, got {self.learning_rate}')
        if self.seed < 0:
            raise ValueError(f'seed must not be negative, got {self.seed}')


class Samples(Protocol):
    """Training samples."""

    def steps(self, batch_size: int) -> int:
        """Return the number of batches per epoch."""

    def batch(self, epoch: int, step: int, batch_size: int) -> tuple[Tensor, Tensor]:
        """
        Return a batch, which depends only on these numbers and the seed of the samples.

        :returns: images, float32, ``(B, 1, 28, 28)``, in ``[0, 1]``, and labels, int64, ``(B,)``
        """


@dataclass(frozen=True)
class Step:
    """
    A step that is done.

    :param epoch: from 0
    :param done: steps of the epoch that are done
    :param steps: of the epoch
    :param metrics: of the epoch that ended with the step; None if none did
    """

    epoch: int
    done: int
    steps: int
    metrics: Epoch | None


def train(
    state: TrainingState,
    settings: TrainingSettings,
    samples: Samples,
    validation: tuple[Tensor, Tensor],
    *,
    on_step: Callable[[int, int, int], None],
    on_epoch: Callable[[Epoch], None],
    stopping: Callable[[], bool],
) -> bool:
    """
    Train from a state on, until the last epoch is finished or the training is stopped.

    :param state: changed in each step
    :param validation: images and labels, like a batch, to validate each epoch
    :param on_step: gets the epoch, its finished steps, and its total steps
    :param on_epoch: gets the metrics of each epoch
    :param stopping: called after each step; whether to stop
    :returns: whether the last epoch is finished
    :raises ArithmeticError: if the loss is not finite
    """
    with contextlib.closing(train_steps(state, settings, samples, validation)) as steps:
        for step in steps:
            if step.metrics is not None:
                on_epoch(step.metrics)
            on_step(step.epoch, step.done, step.steps)
            if stopping():
                break
    return state.epoch >= settings.epochs


def train_steps(
    state: TrainingState,
    settings: TrainingSettings,
    samples: Samples,
    validation: tuple[Tensor, Tensor],
) -> Generator[Step, None, None]:
    """
    Do one step from a state on for each value that is taken, until the last epoch is finished.

    The parameters are those of :func:`train`. The next batch is prepared meanwhile.

    :raises ArithmeticError: if the loss is not finite
    """
    steps = samples.steps(settings.batch_size)
    with contextlib.closing(_prepared(samples, settings, state)) as prepared:
        before_s = time.monotonic()
        for epoch, step, images, labels in prepared:
            torch.manual_seed(seed_of_step(settings.seed, epoch, step))
            done = (epoch * steps + step) / (settings.epochs * steps)
            state.set_learning_rate(settings.learning_rate * one_cycle(done))
            _train_step(state, settings, images, labels)
            now_s = time.monotonic()
            state.seconds += now_s - before_s
            metrics = None
            if step + 1 == steps:
                logits = torch.from_numpy(evaluate(state.average, validation[0]))
                metrics = state.epoch_done(logits, validation[1])
                state.seconds += time.monotonic() - now_s
            yield Step(epoch, step + 1, steps, metrics)
            before_s = time.monotonic()


def _train_step(
    state: TrainingState, settings: TrainingSettings, images: Tensor, labels: Tensor
) -> None:
    """Update the network and its average with one batch."""
    began_s = time.perf_counter()
    with torch.autocast('cpu', torch.bfloat16, enabled=settings.precision == 'bfloat16'):
        logits = state.network(normalised(images))  # (B, 11)
    loss = loss_of(settings)(logits.float(), labels)
    value = loss.item()
    forward_s = time.perf_counter()
    state.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    state.optimizer.step()
    state.step_done(value, int((logits.argmax(1) == labels).sum()), len(labels))
    state.average_weights(settings.average_decay)
    state.step_seconds = (forward_s - began_s, time.perf_counter() - forward_s)


def loss_of(settings: TrainingSettings) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the function that computes the loss from logits, ``(B, 11)``, and labels."""
    weights = torch.ones(len(LABELS))
    weights[NOT_A_DIGIT] = settings.clutter_weight
    return partial(
        functional.cross_entropy, weight=weights, label_smoothing=settings.label_smoothing
    )


def one_cycle(done: float) -> float:
    """
    Compute the learning rate relative to its peak: linear warm-up, then cosine decay.

    :param done: finished share of the training, in ``[0, 1]``
    """
    if done < WARM_UP:
        return FIRST_RATE + (1.0 - FIRST_RATE) * done / WARM_UP
    return 0.5 * (1.0 + math.cos(math.pi * (done - WARM_UP) / (1.0 - WARM_UP)))


def normalised(images: Tensor) -> Tensor:
    """Normalise images in ``[0, 1]`` as the network expects; same shape."""
    return (images * 255.0 - PREPROCESSING.mean[0]) / PREPROCESSING.std[0]


def evaluate(network: nn.Module, images: Tensor) -> NDArray[np.float32]:
    """
    Run a network on images.

    :param images: float32, ``(N, 1, 28, 28)``, in ``[0, 1]``
    :returns: logits, ``(N, 11)``
    """
    network.eval()
    with torch.inference_mode():
        parts = [network(normalised(part)) for part in torch.split(images, EVALUATION_BATCH)]
    logits: NDArray[np.float32] = torch.cat(parts).numpy()
    return logits


def _prepared(
    samples: Samples, settings: TrainingSettings, state: TrainingState
) -> Generator[tuple[int, int, Tensor, Tensor], None, None]:
    """Yield epoch, step and batch from a state on; prepare the next batch meanwhile."""
    steps = samples.steps(settings.batch_size)
    first, last = state.epoch * steps + state.step, settings.epochs * steps
    with ThreadPoolExecutor(1) as background:
        coming = None
        for number in range(first, last):
            place = divmod(number, steps)
            now = coming or background.submit(samples.batch, *place, settings.batch_size)
            if number + 1 < last:
                following = divmod(number + 1, steps)
                coming = background.submit(samples.batch, *following, settings.batch_size)
            yield *place, *now.result()


def seed_of_step(seed: int, epoch: int, step: int) -> int:
    """Return the seed of the randomness in a step, as of dropout."""
    return int(np.random.SeedSequence((seed, epoch, step)).generate_state(1, np.uint64)[0])
