"""The rows and columns of a picture that an element of the next layer is computed from."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any

from nn_perception.core.inspection.operations import Operation, pair
from nn_perception.core.networks.efficientnet_lite import same_padding, SameConv2d
from torch import nn

# Position along an axis, and its weight.
Source = tuple[int, float]
# A position that is a whole number but for rounding.
ROUNDING = 1e-9


def spans_of(
    operation: Operation, shape: Sequence[int], size: Sequence[int], element: Sequence[int]
) -> tuple[range, range] | None:
    """
    Locate the rows and columns that an element sees.

    :param shape: of the input, ``(C, H, W)``
    :param size: of the output, height and width
    :param element: of the output, ``(c, y, x)``; ``(c,)`` after an average over the picture
    :returns: they may be outside the picture; None if the operation has no windows
    """
    if len(shape) != 3:
        return None
    height, width = shape[1:]
    if operation.averages_picture:
        return range(height), range(width)
    if operation.kind == 'average_pool' and operation.option('output_size') is not None:
        rows, columns = (
            range(index * side // count, -(-(index + 1) * side // count))
            for index, side, count in zip(element[1:], (height, width), size, strict=True)
        )
        return rows, columns
    return _windows(operation, (height, width), element)


def _windows(
    operation: Operation, size: tuple[int, int], element: Sequence[int]
) -> tuple[range, range] | None:
    """Locate the window of a convolution or a pool."""
    kernel, before = operation.option('kernel_size'), padding_before(operation, size)
    if kernel is None or before is None:
        return None
    stride = operation.option('stride') or kernel
    rows, columns = (
        range(index * step - pad, index * step - pad + length * gap, gap)
        for index, step, pad, length, gap in zip(
            element[1:],
            pair(stride),
            before,
            pair(kernel),
            pair(operation.option('dilation', 1)),
            strict=True,
        )
    )
    return rows, columns


def padding_before(operation: Operation, size: tuple[int, int]) -> tuple[int, int] | None:
    """
    Return how many rows are added above and how many columns to the left.

    :param size: of the input, height and width
    :returns: None if what is added is not zero
    """
    module = operation.module
    if isinstance(module, SameConv2d):
        top, left = (
            same_padding(side, module.kernel_size[0], module.stride[0])[0] for side in size
        )
        return top, left
    if isinstance(module, nn.Conv2d) and module.padding_mode != 'zeros':
        return None
    padding = operation.option('padding', 0)
    if padding == 'valid':
        return 0, 0
    if padding == 'same':
        kernel, dilation = pair(operation.option('kernel_size')), operation.option('dilation')
        top, left = (
            gap * (length - 1) // 2 for length, gap in zip(kernel, pair(dilation), strict=True)
        )
        return top, left
    return pair(padding)


def inside(positions: range, side: int) -> range:
    """Leave out the positions outside an axis."""
    return range(
        positions.start + max(0, -(positions.start // positions.step)) * positions.step,
        min(positions.stop, side),
        positions.step,
    )


def sources_of(operation: Operation, side: int, count: int, index: int) -> list[Source] | None:
    """
    Locate what an element of a resized axis is interpolated from.

    :param side: of the input
    :param count: of the output
    :param index: of the element
    :returns: positions and weights; None if the interpolation is another
    """
    factor = _scale(operation.option('scale_factor'))
    ratio = side / count if factor is None else 1.0 / factor
    mode = operation.option('mode', 'nearest')
    if mode == 'nearest':
        return [(min(int(index * ratio), side - 1), 1.0)]
    if mode != 'bilinear':
        return None
    if operation.option('align_corners'):
        place = index * (side - 1) / (count - 1) if count > 1 else 0.0
    else:
        place = max(0.0, (index + 0.5) * ratio - 0.5)
    first = min(math.floor(place), side - 1)
    rest = place - first
    last = min(first + 1, side - 1)
    return (
        [(first, 1.0)] if last == first or rest < ROUNDING else [(first, 1.0 - rest), (last, rest)]
    )


def _scale(factor: Any) -> float | None:
    if isinstance(factor, tuple | list):
        return float(factor[0]) if len(set(factor)) == 1 else None
    return None if factor is None else float(factor)
