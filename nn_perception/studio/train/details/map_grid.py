"""Values of a layer as a grid of small maps, written for the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import json
import math
import struct
from typing import Any

from nn_perception.core.inspection.records import Layer, Maps
from nn_perception.training.runs.records import WEIGHT_GRADIENTS, WEIGHTS
import numpy as np
from numpy.typing import NDArray

# More are neither seen nor worth their way.
MAX_MAPS, MAX_VALUES, MAX_SIDE = 256, 1 << 19, 2048
LENGTH = struct.Struct('<I')


@dataclass(frozen=True)
class MapGrid:
    """
    Maps side by side.

    :param values: uint8, ``(N, H, W)``
    :param outer: sizes of the axes that number the maps
    :param axes: names of these axes
    :param total: number of maps there are; at least N
    """

    values: NDArray[np.uint8]
    outer: tuple[int, ...]
    axes: tuple[str, ...]
    total: int


def grid_of(maps: Maps, tensor: str, source: Sequence[int] = ()) -> MapGrid:
    """
    Arrange the values of a layer.

    :param maps: the values
    :param tensor: what they are, see :mod:`nn_perception.training.runs.records`
    :param source: shape of the maps that a linear layer gets, flattened
    """
    values, shape = maps.values, maps.values.shape
    if tensor in (WEIGHTS, WEIGHT_GRADIENTS):
        if len(shape) == 2 and len(source) == 3 and math.prod(source) == shape[1]:
            return _cut(values.reshape(-1, *source[1:]), (shape[0], source[0]), 'unit')
        if len(shape) == 4:
            return _cut(values.reshape(-1, *shape[2:]), (shape[0], shape[1]), 'filter')
    if len(shape) == 3:
        return _cut(values, shape[:1], 'map')
    if len(shape) == 2:
        whole = values[None, :MAX_SIDE, :MAX_SIDE]
        return MapGrid(whole, (1,), ('map',), 1)
    flat = values.reshape(-1, 1, 1)[: MAX_SIDE * 2]
    return MapGrid(flat, (len(flat),), ('value',), values.size)


def source_shape(layers: Sequence[Layer], name: str) -> tuple[int, ...]:
    """Return the shape of the maps that a layer gets, before they are flattened."""
    by_name = {layer.name: layer for layer in layers}
    layer = by_name.get(name)
    while layer is not None and len(layer.inputs) == 1:
        layer = by_name.get(layer.inputs[0])
        if layer is not None and layer.kind not in ('flatten', 'dropout'):
            return layer.shape
    return ()


def write(values: dict[str, Any], pixels: NDArray[np.uint8]) -> bytes:
    """Write text and pixels for the browser: the length of the JSON, the JSON, the bytes."""
    header = json.dumps(values, allow_nan=False).encode()
    return LENGTH.pack(len(header)) + header + pixels.tobytes()


def write_maps(maps: Maps, grid: MapGrid) -> bytes:
    """Write maps for the browser."""
    _, height, width = grid.values.shape
    header = {
        'outer': grid.outer,
        'axes': grid.axes,
        'height': height,
        'width': width,
        'total': grid.total,
        'low': maps.low,
        'high': maps.high,
        'rank': maps.values.ndim,
    }
    return write(header, grid.values)


def _cut(values: NDArray[np.uint8], outer: tuple[int, ...], name: str) -> MapGrid:
    """Keep the first maps, whole rows of them."""
    total, height, width = values.shape
    most = max(1, min(MAX_MAPS, MAX_VALUES // max(1, height * width)))
    inner = outer[1] if len(outer) == 2 else 1
    kept = min(outer[0], max(1, most // inner))
    inner_kept = min(inner, most)
    chosen = values.reshape(outer[0], inner, height, width)[:kept, :inner_kept]
    axes: tuple[str, ...] = (name,)
    sizes: tuple[int, ...] = (kept,)
    if len(outer) == 2 and outer[1] > 1:
        axes, sizes = (name, 'channel'), (kept, inner_kept)
    return MapGrid(chosen.reshape(-1, height, width), sizes, axes, total)
