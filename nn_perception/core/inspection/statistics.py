"""Statistics of the values of a tensor."""

from __future__ import annotations

import math

from nn_perception.core.inspection.records import Statistics
import torch
from torch import Tensor

BINS = 32
LARGEST = torch.finfo(torch.float32).max
# Counts of float32 are exact up to this.
EXACT = 1 << 24


def statistics_of(values: Tensor) -> Statistics:
    """
    Compute statistics of a tensor.

    :param values: of any shape and floating-point type
    """
    values = values.detach().float()
    nan = infinite = 0
    finite = values.reshape(-1)
    total = float(finite.sum())
    # A sum is not finite if a value is not, or if it is too large for a float32.
    if not math.isfinite(total):
        nan = int(torch.isnan(finite).sum())
        infinite = int(torch.isinf(finite).sum())
        finite = finite[torch.isfinite(finite)]
        total = float(finite.double().sum())
    shape = tuple(values.shape)
    if finite.numel() == 0:
        return Statistics(shape, 0.0, 0.0, 0.0, 0, nan, infinite, (0,) * BINS)
    low, high = (float(one) for one in finite.aminmax())
    return Statistics(
        shape=shape,
        minimum=low,
        maximum=high,
        mean=total / finite.numel(),
        zeros=finite.numel() - int(torch.count_nonzero(finite)),
        nan=nan,
        infinite=infinite,
        histogram=_histogram(finite, low, high),
    )


def _histogram(finite: Tensor, low: float, high: float) -> tuple[int, ...]:
    """Count the values in equal bins; all in the first one if they are equal."""
    if high - low > LARGEST or finite.numel() > EXACT:
        finite = finite.double()
    if low == high:
        return (finite.numel(), *(0,) * (BINS - 1))
    counts = torch.histc(finite, BINS, low, high)
    return tuple(int(count) for count in counts)
