"""
The training loop of the digit networks.

Stochastic gradient descent with Nesterov's momentum and the one-cycle learning rate of Smith and
Topin, "Super-Convergence" (2018); the weights that are used in the end are an exponential moving
average of those on the way (Polyak and Juditsky, "Acceleration of Stochastic Approximation by
Averaging", 1992). Everything that is random depends on the seed, the epoch and the step alone, so
a training that was interrupted goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
# The share of the steps in which the learning rate rises, and where it begins.
RISING = 0.2
FIRST_RATE = 0.05
EVALUATION_BATCH = 500


@dataclass(frozen=True)
class TrainingSettings:
    """
    What decides, together with the samples, what is learned.

    :param network: one of ``NETWORKS``
    :param epochs: how often each sample is seen
    :param batch_size: samples a step
    :param learning_rate: the highest one, after a fifth of the steps
    :param weight_decay: of all weights but those of batch norm and the biases
    :param label_smoothing: share of a label that is spread over all
    :param clutter_weight: of a sample that is no digit against one that is; below 1, since a torn
        digit should rather be read: the reader knows clutter by its ground too
    :param average_decay: how much of the average of weights stays at each step
    :param seed: what all randomness begins with
    :param precision: of the network's arithmetic while training; bfloat16 takes half the time on
        processors that compute with it, and weights and averages stay float32
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
        """Refuse what cannot be trained with."""
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
    """What is learned from."""

    def steps(self, batch_size: int) -> int:
        """Count the batches of an epoch."""

    def batch(self, epoch: int, step: int, batch_size: int) -> tuple[Tensor, Tensor]:
        """
        Make a batch, from nothing but these numbers and the samples' own seed.

        :returns: images, float32, ``(B, 1, 28, 28)``, in ``[0, 1]``, and labels, int64, ``(B,)``
        """


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
    Go on from a state until the last epoch is done, or until it shall stop.

    :param state: changed at each step
    :param validation: images and labels as a batch of the samples, to measure each epoch with
    :param on_step: called with the epoch, the steps done in it and the steps of an epoch
    :param on_epoch: called with what an epoch gave
    :param stopping: asked after each step
    :returns: whether the last epoch is done
    :raises ArithmeticError: if the loss is no finite number
    """
    steps = samples.steps(settings.batch_size)
    before_s = time.monotonic()
    weights = torch.ones(len(LABELS))
    weights[NOT_A_DIGIT] = settings.clutter_weight
    for epoch, step, images, labels in _prepared(samples, settings, state):
        torch.manual_seed(_seed_of_step(settings.seed, epoch, step))
        done = (epoch * steps + step) / (settings.epochs * steps)
        state.set_learning_rate(settings.learning_rate * one_cycle(done))
        with torch.autocast('cpu', torch.bfloat16, enabled=settings.precision == 'bfloat16'):
            logits = state.network(normalised(images))  # (B, 11)
        loss = functional.cross_entropy(
            logits.float(), labels, weight=weights, label_smoothing=settings.label_smoothing
        )
        state.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        state.optimizer.step()
        state.step_done(loss.item(), int((logits.argmax(1) == labels).sum()), len(labels))
        state.average_weights(settings.average_decay)
        state.seconds += time.monotonic() - before_s
        before_s = time.monotonic()
        if step + 1 == steps:
            validated = torch.from_numpy(evaluate(state.average, validation[0]))
            on_epoch(state.epoch_done(validated, validation[1]))
        on_step(epoch, step + 1, steps)
        if stopping():
            break
    return state.epoch >= settings.epochs


def one_cycle(done: float) -> float:
    """
    Compute the learning rate as a share of the highest: up along a line, down along a cosine.

    :param done: share of the training that is done, in ``[0, 1]``
    """
    if done < RISING:
        return FIRST_RATE + (1.0 - FIRST_RATE) * done / RISING
    return 0.5 * (1.0 + math.cos(math.pi * (done - RISING) / (1.0 - RISING)))


def normalised(images: Tensor) -> Tensor:
    """Give ink of 0 to 1 the mean and the deviation that the network expects; same shape."""
    return (images * 255.0 - PREPROCESSING.mean[0]) / PREPROCESSING.std[0]


def evaluate(network: nn.Module, images: Tensor) -> NDArray[np.float32]:
    """
    Compute what a network says of images.

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
) -> Iterator[tuple[int, int, Tensor, Tensor]]:
    """Go on from a state with epoch, step and batch; the next batch is made meanwhile."""
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


def _seed_of_step(seed: int, epoch: int, step: int) -> int:
    return int(np.random.SeedSequence((seed, epoch, step)).generate_state(1, np.uint64)[0])
