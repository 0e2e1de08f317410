import json
import struct

from nn_perception.core.inspection.records import Layer, Maps
from nn_perception.studio.train.details.map_grid import (
    grid_of,
    MAX_MAPS,
    source_shape,
    write_maps,
)
import numpy as np
import pytest

ACTIVATIONS, WEIGHTS = 'activations', 'weights'


def maps_of(*shape: int) -> Maps:
    values = np.arange(np.prod(shape)) % 251
    return Maps('conv', values.astype(np.uint8).reshape(shape), -1.0, 3.0)


@pytest.mark.parametrize(
    ('shape', 'tensor', 'source', 'grid', 'outer', 'axes'),
    [
        ((6, 4, 5), ACTIVATIONS, (), (6, 4, 5), (6,), ('map',)),
        ((7,), ACTIVATIONS, (), (7, 1, 1), (7,), ('value',)),
        ((6, 1, 5, 5), WEIGHTS, (), (6, 5, 5), (6,), ('filter',)),
        ((4, 3, 5, 5), WEIGHTS, (), (12, 5, 5), (4, 3), ('filter', 'channel')),
        ((3, 8), WEIGHTS, (), (1, 3, 8), (1,), ('map',)),
        ((3, 8), WEIGHTS, (2, 2, 2), (6, 2, 2), (3, 2), ('unit', 'channel')),
        ((3, 8), WEIGHTS, (1, 2, 4), (3, 2, 4), (3,), ('unit',)),
        ((3, 8), WEIGHTS, (5, 2, 2), (1, 3, 8), (1,), ('map',)),
        ((), ACTIVATIONS, (), (1, 1, 1), (1,), ('value',)),
    ],
)
def test_values_are_arranged(shape, tensor, source, grid, outer, axes) -> None:
    maps = maps_of(*shape)
    found = grid_of(maps, tensor, source)
    assert found.values.shape == grid
    assert (found.outer, found.axes) == (outer, axes)
    # Nothing is moved: the order of the values stays.
    assert found.values.tobytes() == maps.values.tobytes()
    assert found.total >= np.prod(outer)


def test_too_many_maps_are_cut_by_whole_rows() -> None:
    found = grid_of(maps_of(100, 60, 3, 3), WEIGHTS)
    assert found.outer == (4, 60)
    assert len(found.values) == 240 <= MAX_MAPS
    assert found.total == 6000
    wide = grid_of(maps_of(2, 300, 3, 3), WEIGHTS)
    assert wide.outer == (1, MAX_MAPS)
    assert len(wide.values) == MAX_MAPS
    large = grid_of(maps_of(40, 256, 256), ACTIVATIONS)
    assert large.outer == (8,)
    assert large.total == 40


def test_the_browser_gets_json_and_pixels() -> None:
    maps = maps_of(2, 3, 4)
    written = write_maps(maps, grid_of(maps, ACTIVATIONS))
    (length,) = struct.unpack_from('<I', written)
    header = json.loads(written[4 : 4 + length])
    assert (header['outer'], header['height'], header['width']) == ([2], 3, 4)
    assert (header['low'], header['high'], header['total']) == (-1.0, 3.0, 2)
    assert written[4 + length :] == maps.values.tobytes()


def test_what_a_linear_layer_gets_is_found_before_it_is_flattened() -> None:
    layers = [
        Layer('input', 'input', (), (1, 28, 28), 0, ''),
        Layer('flatten', 'flatten', ('input',), (784,), 0, ''),
        Layer('dropout', 'dropout', ('flatten',), (784,), 0, ''),
        Layer('first', 'linear', ('dropout',), (10,), 7850, ''),
        Layer('second', 'linear', ('first',), (10,), 110, ''),
        Layer('both', 'add', ('first', 'second'), (10,), 0, ''),
    ]
    assert source_shape(layers, 'first') == (1, 28, 28)
    assert source_shape(layers, 'second') == (10,)
    assert source_shape(layers, 'both') == ()
    assert source_shape(layers, 'none') == ()
