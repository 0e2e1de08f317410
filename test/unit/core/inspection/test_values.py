"""Values in 8 bits, and their statistics."""

from __future__ import annotations

from nn_perception.core.inspection.quantization import quantized
from nn_perception.core.inspection.statistics import statistics_of
import numpy as np
import pytest
import torch

NAN, INFINITE = float('nan'), float('inf')


@pytest.mark.parametrize(
    ('values', 'low', 'high', 'expected'),
    [
        ([0.0, 1.0, 0.5], 0.0, 1.0, [0, 255, 128]),
        ([-2.0, 2.0, 0.0, NAN], -2.0, 2.0, [0, 255, 128, 0]),
        ([INFINITE, -INFINITE, 3.0, 5.0], 3.0, 5.0, [0, 0, 0, 255]),
        ([4.0, 4.0], 4.0, 4.0, [0, 0]),
        ([4.0, NAN], 4.0, 4.0, [0, 0]),
        ([NAN, INFINITE], 0.0, 0.0, [0, 0]),
        ([3e38, -3e38, 0.0], -3e38, 3e38, [255, 0, 128]),
        ([1e-40, 0.0], 0.0, 1e-40, [255, 0]),
        ([], 0.0, 0.0, []),
    ],
)
def test_values_in_8_bits(
    values: list[float], low: float, high: float, expected: list[int]
) -> None:
    found = quantized('a', torch.tensor(values))
    assert (found.layer, found.values.dtype) == ('a', np.uint8)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.values.tolist() == expected


def test_statistics_are_those_of_numpy() -> None:
    values = torch.randn(5, 40, 40).relu()
    found, array = statistics_of(values), values.numpy()
    assert found.shape == (5, 40, 40)
    assert (found.minimum, found.maximum) == (array.min(), array.max())
    assert found.mean == pytest.approx(array.mean(dtype=np.float64), rel=1e-5)
    assert found.zeros == (array == 0).sum()
    assert (found.nan, found.infinite) == (0, 0)
    expected = np.histogram(array, 32, (array.min(), array.max()))[0]
    assert len(found.histogram) == 32
    assert sum(found.histogram) == array.size
    # A value at the edge of two bins may be rounded into either.
    assert np.abs(np.array(found.histogram) - expected).max() <= 2


@pytest.mark.parametrize(
    ('values', 'facts', 'counts'),
    [
        ([], (0.0, 0.0, 0.0, 0, 0, 0), {}),
        ([NAN, INFINITE], (0.0, 0.0, 0.0, 0, 1, 1), {}),
        ([1.0, NAN, 3.0, -INFINITE, 0.0], (0.0, 3.0, 4 / 3, 1, 1, 1), {0: 1, 10: 1, 31: 1}),
        ([2.0, 2.0], (2.0, 2.0, 2.0, 0, 0, 0), {0: 2}),
        ([3e38, 3e38, -3e38, -3e38], (-3e38, 3e38, 0.0, 0, 0, 0), {0: 2, 31: 2}),
    ],
)
def test_statistics_without_a_trap(
    values: list[float], facts: tuple[float, ...], counts: dict[int, int]
) -> None:
    found = statistics_of(torch.tensor(values))
    assert (
        found.minimum,
        found.maximum,
        found.mean,
        found.zeros,
        found.nan,
        found.infinite,
    ) == pytest.approx(facts)
    assert {index: count for index, count in enumerate(found.histogram) if count} == counts
