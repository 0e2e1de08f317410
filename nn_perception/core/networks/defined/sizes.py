"""The sizes of a network, layer by layer, computed before anything is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
import math

from nn_perception.core.networks.defined.layers import (
    AveragePool,
    BatchNorm,
    Conv,
    Flatten,
    GlobalAveragePool,
    Layer,
    Linear,
    MaxPool,
)

# What an image costs at most: five times EfficientNet-Lite0. More would stop a run, and a robot,
# for seconds at every step.
MAX_MULTIPLY_ADDS = 2_000_000_000
# Of the output of a layer for one image, 16 MB: more would fill a robot's memory, whatever the
# batch.
MAX_VALUES = 4_000_000

Shape = tuple[int, ...]


@dataclass(frozen=True)
class LayerSize:
    """
    The size of a layer.

    :param number: of the layer, from 1
    :param type: of the layer
    :param inputs: shape of the input without the batch: ``(C, H, W)`` or ``(D,)``
    :param shape: shape of the output
    :param trained: name of each weight and bias in the state dict -> its shape
    :param tracked: the same for what batch norm tracks and does not train
    :param multiply_adds: of one image
    """

    number: int
    type: str
    inputs: Shape
    shape: Shape
    trained: Mapping[str, Shape]
    tracked: Mapping[str, Shape]
    multiply_adds: int

    @property
    def name(self) -> str:
        """The name of the module, for example ``conv1``."""
        return f'{self.type}{self.number}'

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(map(math.prod, self.trained.values()))


def measure(inputs: Shape, layers: Sequence[Layer]) -> tuple[LayerSize, ...]:
    """
    Compute the size of each layer.

    :param inputs: ``(C, H, W)`` of an image
    :raises ValueError: a sentence, if a layer does not fit the one before, or is too large
    """
    sizes: list[LayerSize] = []
    total = 0
    for number, layer in enumerate(layers, 1):
        try:
            shape = _output(layer, inputs)
        except ValueError as error:
            raise ValueError(f'layer {number} ({layer.type}): {error}') from error
        if math.prod(shape) > MAX_VALUES:
            raise ValueError(
                f'layer {number} ({layer.type}): its output for one image has '
                f'{math.prod(shape):,} values ({by(shape)}); allowed are {MAX_VALUES:,}'
            )
        trained, tracked = _tensors(layer, f'{layer.type}{number}', inputs)
        positions = math.prod(shape[1:])
        work = sum(math.prod(s) for s in trained.values() if len(s) > 1) * positions
        total += work
        if total > MAX_MULTIPLY_ADDS:
            raise ValueError(
                f'layer {number} ({layer.type}): up to here an image takes {total / 1e9:,.1f} '
                f'billion multiply-adds; allowed are {MAX_MULTIPLY_ADDS / 1e9:g} billion'
            )
        sizes.append(LayerSize(number, layer.type, inputs, shape, trained, tracked, work))
        inputs = shape
    return tuple(sizes)


def _output(layer: Layer, inputs: Shape) -> Shape:
    """Compute the shape of a layer's output; ValueError if it does not fit its input."""
    if isinstance(layer, Linear):
        if len(inputs) > 1:
            raise ValueError(
                f'it needs a vector, but gets maps of {by(inputs)}; put a flatten layer before it'
            )
        return (layer.units,)
    if isinstance(layer, Conv | MaxPool | AveragePool | Flatten | GlobalAveragePool):
        if len(inputs) == 1:
            raise ValueError(f'it needs maps, but gets a vector of {inputs[0]} values')
        if isinstance(layer, Flatten):
            return (math.prod(inputs),)
        if isinstance(layer, GlobalAveragePool):
            return inputs[:1]
        return _maps(layer, inputs)
    return inputs


def _maps(layer: Conv | MaxPool | AveragePool, inputs: Shape) -> Shape:
    channels, *sides = inputs
    if isinstance(layer, Conv):
        window, padding, what = layer.kernel, layer.padding, 'kernel'
        if padding >= window:
            raise ValueError(
                f'its padding must be smaller than its kernel of {window}, but is {padding}'
            )
        if channels % layer.groups or layer.filters % layer.groups:
            raise ValueError(
                f'its {layer.groups} groups must divide its {channels} input channels and its '
                f'{layer.filters} filters'
            )
        channels = layer.filters
    else:
        window, padding, what = layer.size, 0, 'size'
    room = [side + 2 * padding for side in sides]
    if window > min(room):
        padded = ' with its padding' if padding else ''
        raise ValueError(
            f'its {what} of {window} is larger than its input, which has {room[0]} x {room[1]} '
            f'pixels{padded}'
        )
    return (channels, *((side - window) // layer.stride + 1 for side in room))


def _tensors(layer: Layer, name: str, inputs: Shape) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """Return the tensors of a layer in the state dict, trained and tracked."""
    trained: dict[str, Shape] = {}
    tracked: dict[str, Shape] = {}
    if isinstance(layer, Conv):
        shape: Shape = (layer.filters, inputs[0] // layer.groups, layer.kernel, layer.kernel)
        trained |= _weights(f'{name}.conv', shape, bias=layer.bias)
        channels = layer.filters
    elif isinstance(layer, Linear):
        trained |= _weights(f'{name}.linear', (layer.units, *inputs), bias=layer.bias)
        channels = layer.units
    if isinstance(layer, BatchNorm):
        channels, norm = inputs[0], name
    elif isinstance(layer, Conv | Linear) and layer.batch_norm:
        norm = f'{name}.norm'
    else:
        return trained, tracked
    trained |= {f'{norm}.weight': (channels,), f'{norm}.bias': (channels,)}
    tracked |= {f'{norm}.running_mean': (channels,), f'{norm}.running_var': (channels,)}
    tracked[f'{norm}.num_batches_tracked'] = ()
    return trained, tracked


def _weights(name: str, shape: Shape, *, bias: bool) -> Iterator[tuple[str, Shape]]:
    yield f'{name}.weight', shape
    if bias:
        yield f'{name}.bias', shape[:1]


def by(shape: Shape) -> str:
    """Write a shape, as ``6 x 28 x 28``."""
    return ' x '.join(map(str, shape))
