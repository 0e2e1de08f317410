"""What a training run is told, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from nn_perception.core.inspection.records import Statistics

OPTIMIZERS = ('sgd', 'momentum', 'nesterov', 'adagrad', 'adadelta', 'rmsprop', 'adam', 'adamw')
# What a map of a layer can show.
ACTIVATIONS, GRADIENTS, WEIGHTS, WEIGHT_GRADIENTS = (
    'activations',
    'gradients',
    'weights',
    'weight_gradients',
)


class RunState(str, Enum):
    """What a run is doing."""

    STARTING = 'starting'
    RUNNING = 'running'
    PAUSED = 'paused'
    # All epochs are done; it can be looked into, and go on with more epochs.
    FINISHED = 'finished'
    # It cannot go on: the loss is not a number, the data are gone, ...; `message` says why.
    FAILED = 'failed'
    # Its process has ended; history, evaluation and weights are stored.
    ENDED = 'ended'


@dataclass(frozen=True)
class Rates:
    """
    The settings that change while a run trains.

    :param optimizer: one of ``OPTIMIZERS``
    :param learning_rate: above 0
    :param momentum: of ``momentum``, ``nesterov`` and ``rmsprop``, in ``[0, 1)``
    :param batch_size: 1 to 1024
    :param weight_decay: of all weights but biases and norms, 0 to 1
    """

    optimizer: str = 'momentum'
    learning_rate: float = 0.02
    momentum: float = 0.9
    batch_size: int = 64
    weight_decay: float = 1e-4


@dataclass(frozen=True)
class RunSettings:
    """
    What a run trains, on what, and how.

    :param title: for people
    :param network: a network definition, see :mod:`nn_perception.core.networks.defined`
    :param data: name of the samples: ``mnist``, ``fashion_mnist``, ``generated_digits``, or
        ``dataset:NAME`` for the user's labelled frames
    :param recipe: ``plain``: cross entropy and ``rates``; ``train-digits``: exactly what the
        command of this name does
    :param epochs: number of epochs after which the run is finished
    :param seed: of all randomness
    :param limit: maximum number of training samples; 0: all
    """

    title: str
    network: dict[str, Any]
    data: str = 'mnist'
    recipe: str = 'plain'
    rates: Rates = field(default_factory=Rates)
    epochs: int = 10
    seed: int = 0
    limit: int = 0


@dataclass(frozen=True)
class RunStatus:
    """
    What a run is doing.

    :param state: see :class:`RunState`
    :param message: why, in a sentence, where that is not plain from the state
    :param rates: in use
    :param epoch: epochs that are done
    :param epochs: that are asked for
    :param step: steps that are done, of all epochs
    :param steps_per_epoch: with the batch size in use
    :param examples: number of examples seen
    :param examples_per_s: lately
    :param forward_ms: duration of a forward pass with the batch size in use, lately
    :param backward_ms: of a backward pass and the update
    :param seconds: spent training
    :param l2_loss: what weight decay adds to the loss: half of the decay times the sum of all
        squared weights but biases and norms; lately
    """

    state: RunState
    message: str
    rates: Rates
    epoch: int
    epochs: int
    step: int
    steps_per_epoch: int
    examples: int
    examples_per_s: float
    forward_ms: float
    backward_ms: float
    seconds: float
    l2_loss: float = 0.0


@dataclass(frozen=True)
class History:
    """
    The curves of a run, thinned to at most 2,000 points each; columns of equal length.

    :param examples: examples seen, for each point by batch
    :param seconds: spent training, for each point by batch
    :param loss: of the batches since the point before, mean
    :param accuracy: of the same, share
    :param epochs: numbers from 1, for each point by epoch
    :param train_loss: mean of the epoch
    :param train_accuracy: of the epoch
    :param validation_loss: on the held-out samples
    :param validation_accuracy: on the held-out samples
    """

    examples: tuple[int, ...] = ()
    seconds: tuple[float, ...] = ()
    loss: tuple[float, ...] = ()
    accuracy: tuple[float, ...] = ()
    epochs: tuple[int, ...] = ()
    train_loss: tuple[float, ...] = ()
    train_accuracy: tuple[float, ...] = ()
    validation_loss: tuple[float, ...] = ()
    validation_accuracy: tuple[float, ...] = ()


@dataclass(frozen=True)
class LayerStatistics:
    """
    Statistics of one layer, for the last batch.

    :param layer: its name, as in :class:`nn_perception.core.inspection.records.Layer`
    :param tensors: by name: ``activations``, ``gradients``, and for each parameter its name
        (``weight``, ``bias``, ...) and its name with ``.grad``
    """

    layer: str
    tensors: dict[str, Statistics]


@dataclass(frozen=True)
class Evaluation:
    """
    How a run does on the test samples.

    :param step: steps after which it was evaluated
    :param labels: names of the classes
    :param accuracy: share
    :param confusion: row = truth, column = prediction, counts
    :param worst: indices of test samples that are wrong, the surest mistake first; at most 100
    """

    step: int
    labels: tuple[str, ...]
    accuracy: float
    confusion: tuple[tuple[int, ...], ...]
    worst: tuple[int, ...]


@dataclass(frozen=True)
class Prediction:
    """
    What a run says about one test sample.

    :param index: of the test sample
    :param truth: index of its label
    :param top: indices of the three best labels
    :param scores: their probabilities
    """

    index: int
    truth: int
    top: tuple[int, ...]
    scores: tuple[float, ...]
