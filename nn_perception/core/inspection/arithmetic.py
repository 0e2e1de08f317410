"""How an element of a layer comes about: what it sees, the weights, products, sum and bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nn_perception.core.inspection.operations import Operation, SAME_VALUES
from nn_perception.core.inspection.records import Arithmetic, Layer
from nn_perception.core.inspection.regions import (
    channels_of,
    check_element,
    Index,
    placed,
)
from nn_perception.core.inspection.terms import (
    Floats,
    Sum,
    sum_of_channels,
    sum_of_numbers,
)
from nn_perception.core.inspection.traced_network import TracedNetwork
from nn_perception.core.inspection.windows import padding_before, sources_of, spans_of
import numpy as np
from torch import nn, Tensor

PRODUCTS = 'sum of products, plus bias'
PRODUCTS_ONLY = 'sum of products'
SCALED = 'value times scale, plus shift'
SOFTMAX = 'exponential of the value, divided by the sum of the exponentials of all values'
SAME = 'the value itself'
OUTSIDE = '0, outside the picture'


@dataclass(frozen=True)
class Place:
    """
    An element, and the layer that it is computed from.

    :param operation: that computes it
    :param layer: that it belongs to
    :param element: its index
    :param befores: the layers before
    :param inputs: their values, without the batch
    :param value: as torch computes it
    """

    operation: Operation
    layer: Layer
    element: Index
    befores: tuple[Layer, ...]
    inputs: tuple[Floats, ...]
    value: float


def needed(traced: TracedNetwork, name: str) -> tuple[str, ...]:
    """Name the layers whose values explain an element of a layer."""
    layer = traced.layer(name)
    follower = _activation(traced, name)
    return (*layer.inputs, name, *((follower.name,) if follower else ()))


def explain(
    traced: TracedNetwork, name: str, element: Sequence[int], values: Mapping[str, Tensor]
) -> Arithmetic:
    """
    Explain an element.

    :param values: of the layers that :func:`needed` names, for one input, ``(1, ...)``
    :raises ValueError: if there is no such layer or element, or the layer is the input
    """
    layer = traced.layer(name)
    index = check_element(layer, element)
    if name not in traced.operations:
        raise ValueError('The input is not computed; it is the picture.')
    befores = tuple(traced.layer(one) for one in layer.inputs)
    inputs = tuple(_floats(values[one.name][0]) for one in befores)
    value = float(values[name][0][index])
    place = Place(traced.operations[name], layer, index, befores, inputs, value)
    found = _sum(traced, place)
    follower = _activation(traced, name)
    return Arithmetic(
        layer=name,
        element=index,
        rule=found.rule,
        terms=found.terms,
        total_terms=found.total_terms,
        bias=found.bias,
        value=found.value,
        activation=traced.operations[follower.name].activation if follower else '',
        activated=float(values[follower.name][0][index]) if follower else found.value,
    )


def _activation(traced: TracedNetwork, name: str) -> Layer | None:
    """Return the activation that follows a layer."""
    follower = traced.follower(name)
    if follower is None or follower.shape != traced.layer(name).shape:
        return None
    return follower if traced.operations[follower.name].activation else None


def _sum(traced: TracedNetwork, place: Place) -> Sum:
    kind = place.operation.kind
    found: Sum | None = None
    if kind == 'conv':
        found = _conv(place)
    elif kind == 'linear':
        found = _linear(traced, place)
    elif kind in ('max_pool', 'average_pool'):
        found = _pool(place)
    elif kind == 'batch_norm':
        found = _batch_norm(place)
    elif kind in ('add', 'subtract', 'multiply'):
        found = _pointwise(place)
    elif kind == 'resize':
        found = _resize(place)
    elif kind == 'softmax':
        found = _softmax(place)
    elif kind == 'activation':
        found = _one(place, place.element, f'{place.operation.activation} of the value')
    elif kind in (*SAME_VALUES, 'slice', 'pad'):
        found = _moved(place)
    return found or Sum(f'computed by {place.layer.title}', (), 0, 0.0, place.value)


def _conv(place: Place) -> Sum | None:
    module = place.operation.module
    assert isinstance(module, nn.Conv2d)
    (before,), (values,) = place.befores, place.inputs
    if padding_before(place.operation, (before.shape[1], before.shape[2])) is None:
        return None
    spans = spans_of(place.operation, before.shape, place.layer.shape[1:], place.element)
    assert spans is not None
    channels = channels_of(place.operation, place.element)
    patches = _patches(values[channels.start : channels.stop], *spans)
    kernels = _floats(module.weight[place.element[0]])
    bias = _bias(module.bias, place.element[0])
    rule = PRODUCTS_ONLY if module.bias is None else PRODUCTS
    return sum_of_channels(rule, channels, patches, kernels, bias)


def _patches(values: Floats, rows: range, columns: range) -> Floats:
    """Cut windows out of maps ``(C, H, W)``; outside the picture they are 0."""
    patches = np.zeros((len(values), len(rows), len(columns)), np.float32)
    down = [index for index, row in enumerate(rows) if 0 <= row < values.shape[1]]
    right = [index for index, column in enumerate(columns) if 0 <= column < values.shape[2]]
    if down and right:
        source = values[:, [rows[index] for index in down]][:, :, [columns[i] for i in right]]
        patches[:, down[0] : down[-1] + 1, right[0] : right[-1] + 1] = source
    return patches


def _linear(traced: TracedNetwork, place: Place) -> Sum:
    module = place.operation.module
    assert isinstance(module, nn.Linear)
    output = place.element[-1]
    values = place.inputs[0][place.element[:-1]]
    weights = _floats(module.weight[output])
    bias = _bias(module.bias, output)
    rule = PRODUCTS_ONLY if module.bias is None else PRODUCTS
    shape = _maps_before(traced, place.befores[0]) or (len(values), 1, 1)
    return sum_of_channels(
        rule, range(shape[0]), values.reshape(shape), weights.reshape(shape), bias
    )


def _maps_before(traced: TracedNetwork, layer: Layer) -> Index | None:
    """Return the shape of the maps that were flattened into a layer; None if none were."""
    if len(layer.shape) != 1:
        return None
    while len(layer.shape) == 1 and layer.kind in SAME_VALUES:
        layer = traced.layer(layer.inputs[0])
    return layer.shape if len(layer.shape) == 3 else None


def _pool(place: Place) -> Sum | None:
    (before,), (values,) = place.befores, place.inputs
    operation, channel = place.operation, place.element[0]
    spans = spans_of(operation, before.shape, place.layer.shape[1:], place.element)
    if spans is None:
        return None
    patch = _patches(values[channel : channel + 1], *spans)
    within = _patches(np.ones((1, *before.shape[1:]), np.float32), *spans)
    whole = operation.averages_picture
    words = 'the picture' if whole else f'{len(spans[0])} x {len(spans[1])}'
    if operation.kind == 'max_pool':
        largest = np.argmax(np.where(within > 0, patch, -np.inf))
        kernel = np.zeros_like(patch)
        kernel.flat[largest] = 1.0
        return sum_of_channels(f'largest of {words}', [channel], patch, kernel, 0.0)
    kernel = within / np.float64(_divisor(operation, spans, before.shape, int(within.sum())))
    return sum_of_channels(f'average of {words}', [channel], patch, kernel, 0.0)


def _divisor(operation: Operation, spans: tuple[range, range], shape: Index, within: int) -> float:
    """Return what an average divides by: with the padding, unless that is left out."""
    if operation.option('divisor_override'):
        return float(operation.option('divisor_override'))
    if not operation.option('count_include_pad', True) or operation.option('kernel_size') is None:
        return float(within)
    count = 1
    for span, side, pad in zip(
        spans, shape[1:], padding_before(operation, (shape[1], shape[2])) or (0, 0), strict=True
    ):
        count *= min(span.stop, side + pad) - span.start
    return float(count)


def _batch_norm(place: Place) -> Sum | None:
    module = place.operation.module
    assert isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)
    if module.running_mean is None or module.running_var is None:
        return None
    channel = place.element[0]
    scale = 1.0 / np.sqrt(float(module.running_var[channel]) + module.eps)
    shift = 0.0
    if module.affine:
        scale *= float(module.weight.detach()[channel])
        shift = float(module.bias.detach()[channel])
    shift -= float(module.running_mean[channel]) * scale
    found = sum_of_numbers(SCALED, [channel], [float(place.inputs[0][place.element])], [scale])
    return replace(found, bias=shift, value=found.value + shift)


def _pointwise(place: Place) -> Sum:
    """Explain an addition, a subtraction or a multiplication of two layers."""
    elements = [
        placed(place.operation, before, place.layer, place.element) for before in place.befores
    ]
    one, other = (
        float(values[index])
        for values, index in zip(place.inputs, elements, strict=True)
        if index is not None
    )
    channel, kind = place.element[0], place.operation.kind
    if kind == 'multiply':
        return sum_of_numbers('product of both values', [channel], [one], [other])
    sign, rule = (1.0, 'sum of both values') if kind == 'add' else (-1.0, 'their difference')
    return sum_of_numbers(rule, [channel, channel], [one, other], [1.0, sign])


def _resize(place: Place) -> Sum | None:
    (before,), (values,) = place.befores, place.inputs
    if len(before.shape) != 3:
        return None
    rows, columns = (
        sources_of(place.operation, side, count, index)
        for side, count, index in zip(
            before.shape[1:], place.layer.shape[1:], place.element[1:], strict=True
        )
    )
    if rows is None or columns is None:
        return None
    channel = place.element[0]
    patch = values[channel][np.ix_([row for row, _ in rows], [column for column, _ in columns])]
    kernel = np.outer([weight for _, weight in rows], [weight for _, weight in columns])
    rule = 'the nearest value' if kernel.size == 1 else 'average, weighted by distance'
    return sum_of_channels(rule, [channel], patch[None], kernel[None], 0.0)


def _softmax(place: Place) -> Sum | None:
    if len(place.layer.shape) != 1:
        return None
    own = place.element[0]
    values = place.inputs[0]
    order = [own, *(int(one) for one in np.argsort(-values, kind='stable') if one != own)]
    logits = [float(values[one]) for one in order]
    return replace(sum_of_numbers(SOFTMAX, order, logits, [1.0] * len(order)), value=place.value)


def _one(place: Place, source: Index, rule: str) -> Sum:
    """Explain a value that is a function of one other."""
    value = float(place.inputs[0][source])
    found = sum_of_numbers(rule, [source[0]], [value], [1.0])
    return replace(found, value=place.value)


def _moved(place: Place) -> Sum | None:
    source = placed(place.operation, place.befores[0], place.layer, place.element)
    if source is not None:
        return _one(place, source, SAME)
    return Sum(OUTSIDE, (), 0, 0.0, place.value) if place.operation.kind == 'pad' else None


def _bias(bias: Tensor | None, output: int) -> float:
    return 0.0 if bias is None else float(bias.detach()[output])


def _floats(values: Tensor) -> Floats:
    """Return values without the batch."""
    return np.asarray(values.detach().float().cpu().numpy(), np.float32)
