"""
The memory that a training takes, estimated before anything is built.

What torch allocates on the CPU: weights, their gradients and averages of the optimizer, the values
that the backward pass needs, and the gradients of the values at the layer where they are largest.
What the process, its libraries and the samples take comes on top.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from nn_perception.core.networks.defined.definition import Definition
from nn_perception.core.networks.defined.layers import (
    Activation,
    Conv,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    Linear,
    MaxPool,
    NONE,
)
from nn_perception.core.networks.defined.sizes import by, LayerSize

VALUE_BYTES = 4
INDEX_BYTES = 8
MB = 1_000_000
# Copies of the weights that an optimizer of torch keeps; it computes in one more.
OPTIMIZER_COPIES = {
    'sgd': 0,
    'momentum': 1,
    'nesterov': 1,
    'adagrad': 1,
    'adadelta': 2,
    'rmsprop': 2,
    'adam': 2,
    'adamw': 2,
}
# Activations whose gradient torch computes from the output; for the others it keeps the input.
FROM_THE_OUTPUT = ('relu', 'tanh', 'sigmoid')
MAX_BATCH_SIZE = 4096


@dataclass(frozen=True)
class LayerMemory:
    """
    The memory of a layer in bytes.

    :param size: of the layer
    :param weights: weights and biases, and what batch norm tracks
    :param gradients: of the weights
    :param optimizer: what the optimizer keeps, and computes in
    :param activations: values of a batch that the backward pass needs
    :param activation_gradients: of a batch, while the backward pass is at this layer
    """

    size: LayerSize
    weights: int
    gradients: int
    optimizer: int
    activations: int
    activation_gradients: int

    @property
    def total(self) -> int:
        """All of it."""
        return (
            self.weights
            + self.gradients
            + self.optimizer
            + self.activations
            + self.activation_gradients
        )


@dataclass(frozen=True)
class MemoryEstimate:
    """
    The memory of a training in bytes.

    :param layers: the share of each layer
    :param inputs: the batch of images
    """

    layers: tuple[LayerMemory, ...]
    inputs: int

    @property
    def total(self) -> int:
        """The most that is in use at a time; gradients of activations exist one after another."""
        lasting = sum(layer.total - layer.activation_gradients for layer in self.layers)
        return self.inputs + lasting + max(layer.activation_gradients for layer in self.layers)

    @property
    def largest(self) -> LayerMemory:
        """The layer that takes most."""
        return max(self.layers, key=lambda layer: layer.total)


def estimate_memory(
    definition: Definition, batch_size: int, optimizer: str = 'adam'
) -> MemoryEstimate:
    """
    Estimate the memory of a training.

    :param batch_size: number of images in a batch
    :param optimizer: a key of ``OPTIMIZER_COPIES``
    """
    copies = OPTIMIZER_COPIES[optimizer] + 1
    layers = []
    kept = True  # whether the input of the layer is kept already; images always are
    for layer, size in zip(definition.layers, definition.sizes, strict=True):
        trained = size.parameters * VALUE_BYTES
        tracked = sum(map(math.prod, size.tracked.values())) * VALUE_BYTES
        activations, kept = _kept_bytes(layer, size, input_kept=kept)
        work = 0 if isinstance(layer, Flatten) else _values(size.inputs) + _values(size.shape)
        layers.append(
            LayerMemory(
                size,
                weights=trained + tracked,
                gradients=trained,
                optimizer=copies * trained,
                activations=batch_size * activations,
                activation_gradients=batch_size * work * VALUE_BYTES,
            )
        )
    return MemoryEstimate(tuple(layers), batch_size * _values(definition.input) * VALUE_BYTES)


def check_size(
    definition: Definition, batch_size: int, limit_bytes: int, optimizer: str = 'adam'
) -> MemoryEstimate:
    """
    Check that a training fits into memory; nothing is built.

    :param batch_size: number of images in a batch
    :param limit_bytes: the most that the training may take
    :param optimizer: a key of ``OPTIMIZER_COPIES``
    :raises ValueError: a sentence with figures and the largest layer, if it does not fit
    """
    if type(batch_size) is not int or not 1 <= batch_size <= MAX_BATCH_SIZE:
        raise ValueError(f'the batch size must be 1 to {MAX_BATCH_SIZE}')
    alone = next((size for size in _normed_vectors(definition) if batch_size == 1), None)
    if alone is not None:
        raise ValueError(
            f'layer {alone.number} ({alone.type}): batch norm needs the statistics of 2 images '
            'or more, but the batch size is 1'
        )
    estimate = estimate_memory(definition, batch_size, optimizer)
    if estimate.total > limit_bytes:
        largest = estimate.largest
        size = largest.size
        raise ValueError(
            f'training this network with batches of {batch_size} images takes '
            f'{_mb(estimate.total)} MB of memory, but {_mb(limit_bytes)} MB are allowed; '
            f'layer {size.number} ({size.type}) takes most of it, {_mb(largest.total)} MB, with '
            f'{size.parameters:,} weights and an output of {by(size.shape)}'
        )
    return estimate


def _normed_vectors(definition: Definition) -> list[LayerSize]:
    """Return the layers with batch norm of a single value for each channel and image."""
    return [size for size in definition.sizes if size.tracked and math.prod(size.shape[1:]) == 1]


def _kept_bytes(layer: Layer, size: LayerSize, *, input_kept: bool) -> tuple[int, bool]:
    """
    Compute what the backward pass through a layer needs, for one image.

    :param input_kept: whether the layer before keeps what is this layer's input
    :returns: bytes, and whether the output is among them, so that the next layer gets it for free
    """
    inputs, output = _values(size.inputs) * VALUE_BYTES, _values(size.shape) * VALUE_BYTES
    if isinstance(layer, Flatten):
        return 0, input_kept  # the same values
    if isinstance(layer, GlobalAveragePool):
        return 0, False
    if isinstance(layer, Dropout):
        return output, False  # the mask, as numbers
    activation = getattr(layer, 'activation', NONE)
    from_output = activation in FROM_THE_OUTPUT
    if isinstance(layer, Activation) and from_output:
        return output, True
    kept = 0 if input_kept else inputs
    if isinstance(layer, MaxPool):
        kept += _values(size.shape) * INDEX_BYTES
    elif isinstance(layer, Conv | Linear):
        kept += output * (layer.batch_norm + (activation != NONE))
    return kept, from_output


def _values(shape: tuple[int, ...]) -> int:
    return math.prod(shape)


def _mb(count: int) -> str:
    """Write a number of bytes in MB."""
    return f'{count / MB:,.0f}' if count >= 10 * MB else f'{count / MB:,.1f}'
