"""What an element of a layer sees of the layers before."""

from __future__ import annotations

from collections.abc import Sequence
import math

from nn_perception.core.inspection.operations import Operation, SAME_VALUES
from nn_perception.core.inspection.records import Layer, Region
from nn_perception.core.inspection.traced_network import TracedNetwork
from nn_perception.core.inspection.windows import inside, sources_of, spans_of
import numpy as np
from torch import nn

Index = tuple[int, ...]
# The first and the last value of a box.
Box = tuple[Index, Index]


def check_element(layer: Layer, element: Sequence[int]) -> Index:
    """
    Return an element as a tuple.

    :raises ValueError: if the layer has no such element
    """
    index = tuple(int(one) for one in element)
    if len(index) != len(layer.shape) or not all(
        0 <= one < side for one, side in zip(index, layer.shape, strict=True)
    ):
        raise ValueError(
            f'{layer.name} has no element {list(index)}: its shape is {list(layer.shape)}.'
        )
    return index


def regions_of(traced: TracedNetwork, name: str, element: Sequence[int]) -> tuple[Region, ...]:
    """
    Return what an element sees in each layer that its layer gets its input from.

    A layer of which it sees nothing, but the padding around it, is left out.

    :raises ValueError: if there is no such layer or element
    """
    layer = traced.layer(name)
    index = check_element(layer, element)
    if not layer.inputs:
        return ()
    operation = traced.operations[name]
    befores = [traced.layer(one) for one in layer.inputs]
    if operation.kind == 'concat':
        boxes = _in_concat(operation, befores, layer, index)
    else:
        boxes = [seen(operation, before, layer, index) for before in befores]
    return tuple(
        Region(before.name, *box) for before, box in zip(befores, boxes, strict=True) if box
    )


def seen(operation: Operation, before: Layer, layer: Layer, element: Index) -> Box | None:
    """Return what an element sees of one layer; None if nothing."""
    shape, kind = before.shape, operation.kind
    if kind in ('batch_norm', 'activation') and shape == layer.shape:
        return element, element
    if kind in (*SAME_VALUES, 'slice') and math.prod(shape) == math.prod(layer.shape):
        return _reshaped(shape, layer.shape, element)
    if kind in ('conv', 'max_pool', 'average_pool'):
        return _in_windows(operation, before, layer, element)
    if kind == 'linear':
        return (*element[:-1], 0), (*element[:-1], shape[-1] - 1)
    if kind in ('add', 'subtract', 'multiply'):
        return _broadcast(shape, element)
    if kind == 'softmax':
        return _along(operation, shape, element)
    if kind == 'pad':
        return _in_padded(operation, shape, element)
    if kind == 'resize':
        return _in_resized(operation, before, layer, element)
    return _all(shape)


def channels_of(operation: Operation, element: Index) -> range:
    """Return the channels of its input that an element of a convolution or a pool sees."""
    module = operation.module
    if not isinstance(module, nn.Conv2d):
        return range(element[0], element[0] + 1)
    count = module.in_channels // module.groups
    group = element[0] // (module.out_channels // module.groups)
    return range(group * count, (group + 1) * count)


def placed(operation: Operation, before: Layer, layer: Layer, element: Index) -> Index | None:
    """Return where a value comes from that is only moved; None from nowhere, as of padding."""
    box = seen(operation, before, layer, element)
    return box[0] if box and box[0] == box[1] else None


def _all(shape: Index) -> Box:
    return (0,) * len(shape), tuple(side - 1 for side in shape)


def _in_windows(operation: Operation, before: Layer, layer: Layer, element: Index) -> Box | None:
    spans = spans_of(operation, before.shape, layer.shape[1:], element)
    if spans is None:
        return _all(before.shape)
    rows, columns = (
        inside(span, side) for span, side in zip(spans, before.shape[1:], strict=True)
    )
    if not rows or not columns:
        return None
    channels = channels_of(operation, element)
    return (channels[0], rows[0], columns[0]), (channels[-1], rows[-1], columns[-1])


def _reshaped(shape: Index, after: Index, element: Index) -> Box:
    """Return the same value of a tensor of another shape."""
    flat = np.ravel_multi_index(element, after)
    index = tuple(int(one) for one in np.unravel_index(flat, shape))
    return index, index


def _broadcast(shape: Index, element: Index) -> Box:
    """Return the value that an element gets from an input that may be repeated."""
    ends = element[len(element) - len(shape) :]
    index = tuple(0 if side == 1 else one for one, side in zip(ends, shape, strict=True))
    return index, index


def _along(operation: Operation, shape: Index, element: Index) -> Box:
    """Return all values along the axis of a softmax."""
    axis = operation.option('dim')
    if not isinstance(axis, int):
        return _all(shape)
    axis = axis - 1 if axis > 0 else axis % len(shape)
    first, last = list(element), list(element)
    first[axis], last[axis] = 0, shape[axis] - 1
    return tuple(first), tuple(last)


def _in_padded(operation: Operation, shape: Index, element: Index) -> Box | None:
    pads = operation.option('pad') or operation.option('padding')
    if operation.option('mode', 'constant') != 'constant' or not isinstance(pads, tuple | list):
        return _all(shape)
    # The last axis comes first, each with what is added before and after it.
    before = [0] * len(shape)
    for number, pad in enumerate(pads[::2]):
        before[len(shape) - 1 - number] = int(pad)
    index = tuple(one - pad for one, pad in zip(element, before, strict=True))
    if not all(0 <= one < side for one, side in zip(index, shape, strict=True)):
        return None
    return index, index


def _in_resized(operation: Operation, before: Layer, layer: Layer, element: Index) -> Box:
    if len(before.shape) != 3:
        return _all(before.shape)
    found = [
        sources_of(operation, side, count, index)
        for side, count, index in zip(before.shape[1:], layer.shape[1:], element[1:], strict=True)
    ]
    rows, columns = found
    if rows is None or columns is None:
        return _all(before.shape)
    first = (element[0], rows[0][0], columns[0][0])
    return first, (element[0], rows[-1][0], columns[-1][0])


def _in_concat(
    operation: Operation, befores: Sequence[Layer], layer: Layer, element: Index
) -> list[Box | None]:
    """Find the one input that an element is from."""
    axis = operation.option('dim', 0)
    axis = axis - 1 if axis > 0 else axis % len(layer.shape)
    sides = [before.shape[axis] for before in befores]
    if sum(sides) != layer.shape[axis]:
        return [_all(before.shape) for before in befores]
    boxes: list[Box | None] = []
    place = element[axis]
    for side in sides:
        index = (*element[:axis], place, *element[axis + 1 :])
        boxes.append((index, index) if 0 <= place < side else None)
        place -= side
    return boxes
