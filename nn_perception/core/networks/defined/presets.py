"""Definitions to start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nn_perception.core.networks.defined.definition import Definition
from nn_perception.core.networks.defined.layers import (
    Activation,
    AveragePool,
    BatchNorm,
    Conv,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    Linear,
    MaxPool,
)

GREY_28 = (1, 28, 28)


@dataclass(frozen=True)
class Preset:
    """
    A network for grey images of 28 x 28 pixels.

    :param title: for people
    :param sentence: what is special about it
    :param hidden: all layers but the last, which is linear with an output for each class
    :param network: name of the network of this project that has the same layers, and whose weights
        have the same order, shapes and initial values, see
        :func:`nn_perception.core.networks.build.build`; empty if there is none
    """

    title: str
    sentence: str
    hidden: Sequence[Layer]
    network: str = ''

    def define(self, classes: int = 10) -> Definition:
        """Return the definition for a number of classes."""
        return Definition(GREY_28, (*self.hidden, Linear(classes)))


def preset_of(definition: Definition) -> str:
    """Return the name of the preset that a definition is, whatever its classes; empty if none."""
    for name, preset in PRESETS.items():
        if preset.define(definition.outputs) == definition:
            return name
    return ''


def _lenet5(pool: type[MaxPool] | type[AveragePool], activation: str) -> tuple[Layer, ...]:
    """
    Return LeNet-5, without its output layer.

    LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (1998). As usual since
    then, each filter sees all channels, the pools have no weights, the activations are plain, and
    the output is linear instead of a radial basis function.
    """
    return (
        Conv(6, 5, padding=2, activation=activation),
        pool(2),
        Conv(16, 5, activation=activation),
        pool(2),
        Flatten(),
        Linear(120, activation=activation),
        Linear(84, activation=activation),
    )


def _pooled_first(filters: int, kernel: int) -> tuple[Layer, ...]:
    """Return a convolution that is pooled before batch norm and ReLU, as ``digit_cnn`` does."""
    return (
        Conv(filters, kernel, padding=kernel // 2, bias=False),
        MaxPool(2),
        BatchNorm(),
        Activation('relu'),
    )


def _plain(filters: int) -> Layer:
    return Conv(filters, 3, padding=1, batch_norm=True, activation='relu')


PRESETS = {
    'lenet5': Preset(
        'LeNet-5',
        'The network that read cheques in 1998, with the ReLU and max pooling of today: two '
        'convolutions and three linear layers.',
        _lenet5(MaxPool, 'relu'),
    ),
    'lenet5_classic': Preset(
        'LeNet-5 of 1998',
        'The same layers with the tanh and average pooling of their time.',
        _lenet5(AveragePool, 'tanh'),
    ),
    'convnetjs': Preset(
        "ConvNetJS's network",
        'Two small convolutions and one linear layer, the network of the MNIST page of ConvNetJS; '
        'it crops its images to 24 x 24 pixels, which leaves the same 256 features.',
        (
            Conv(8, 5, padding=2, activation='relu'),
            MaxPool(2),
            Conv(16, 5, padding=2, activation='relu'),
            MaxPool(3),
            Flatten(),
        ),
    ),
    'cnn': Preset(
        'CNN of the digit reader',
        'Five convolutions with batch norm, the network that digit_reader uses by default.',
        (
            *_pooled_first(32, 5),
            _plain(48),
            *_pooled_first(48, 3),
            _plain(128),
            *_pooled_first(128, 3),
            Flatten(),
            Dropout(0.3),
        ),
        network='digit_cnn',
    ),
    'mlp': Preset(
        'MLP of the digit reader',
        'Two hidden linear layers with dropout, which do not know which pixels are neighbours.',
        (
            Flatten(),
            Linear(400, batch_norm=True, activation='relu'),
            Dropout(0.2),
            Linear(400, batch_norm=True, activation='relu'),
            Dropout(0.2),
        ),
        network='digit_mlp',
    ),
    'single_layer': Preset(
        'Single layer',
        'One linear layer without a hidden one: its weights are a picture of each class.',
        (Flatten(),),
    ),
    'fashion_cnn': Preset(
        'CNN for garments',
        'Six convolutions in pairs, and the mean of each map before the last layer, so that a '
        'class activation map shows where it looked.',
        (
            _plain(32),
            _plain(32),
            MaxPool(2),
            Dropout(0.1),
            _plain(64),
            _plain(64),
            MaxPool(2),
            Dropout(0.2),
            _plain(128),
            _plain(128),
            GlobalAveragePool(),
            Dropout(0.3),
        ),
    ),
}
