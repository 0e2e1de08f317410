"""Build the network of a definition."""

from __future__ import annotations

from collections import OrderedDict

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
    NONE,
)
from torch import nn

_ACTIVATIONS: dict[str, type[nn.Module]] = {
    'relu': nn.ReLU,
    'leaky_relu': nn.LeakyReLU,
    'tanh': nn.Tanh,
    'sigmoid': nn.Sigmoid,
    'elu': nn.ELU,
    'gelu': nn.GELU,
    'softplus': nn.Softplus,
}


class DefinedNetwork(nn.Sequential):
    """
    The network of a definition, with torch's random initial weights.

    Each layer is a module whose name is its type and number, as ``conv1`` or ``max_pool2``. A
    convolution and a linear layer contain ``conv`` or ``linear``, and ``norm`` and ``activation``
    where the definition has them; a global average pool contains ``pool`` and ``flatten``. No
    activation works in place, so that hooks see what each module computes.

    :param definition: checked by :func:`nn_perception.core.networks.defined.definition.parse`
    :raises ValueError: a sentence, if its layers do not fit each other
    """

    def __init__(self, definition: Definition) -> None:
        super().__init__(
            OrderedDict(
                (size.name, _module(layer, size.inputs))
                for layer, size in zip(definition.layers, definition.sizes, strict=True)
            )
        )
        self.definition = definition


def _module(layer: Layer, inputs: tuple[int, ...]) -> nn.Module:
    """
    Build a layer.

    :param inputs: shape of its input without the batch
    """
    if isinstance(layer, Conv | Linear):
        return _weighted(layer, inputs)
    if isinstance(layer, MaxPool):
        return nn.MaxPool2d(layer.size, layer.stride)
    if isinstance(layer, AveragePool):
        return nn.AvgPool2d(layer.size, layer.stride)
    if isinstance(layer, Dropout):
        return nn.Dropout(layer.rate)
    if isinstance(layer, Flatten):
        return nn.Flatten()
    if isinstance(layer, GlobalAveragePool):
        return nn.Sequential(OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten()))
    if isinstance(layer, BatchNorm):
        return _norm(inputs[0], maps=len(inputs) > 1)
    assert isinstance(layer, Activation)
    return _ACTIVATIONS[layer.activation]()


def _weighted(layer: Conv | Linear, inputs: tuple[int, ...]) -> nn.Sequential:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    if isinstance(layer, Conv):
        outputs = layer.filters
        modules['conv'] = nn.Conv2d(
            inputs[0],
            outputs,
            layer.kernel,
            stride=layer.stride,
            padding=layer.padding,
            groups=layer.groups,
            bias=layer.bias,
        )
    else:
        outputs = layer.units
        modules['linear'] = nn.Linear(inputs[0], outputs, bias=layer.bias)
    if layer.batch_norm:
        modules['norm'] = _norm(outputs, maps=isinstance(layer, Conv))
    if layer.activation != NONE:
        modules['activation'] = _ACTIVATIONS[layer.activation]()
    return nn.Sequential(modules)


def _norm(channels: int, *, maps: bool) -> nn.Module:
    return nn.BatchNorm2d(channels) if maps else nn.BatchNorm1d(channels)
