"""Sums of what the channels contribute to an element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nn_perception.core.inspection.records import Term
import numpy as np
from numpy.typing import NDArray

MAX_TERMS = 64

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sum:
    """
    Terms that make an element; the fields are those of
    :class:`~nn_perception.core.inspection.records.Arithmetic`.
    """

    rule: str
    terms: tuple[Term, ...]
    total_terms: int
    bias: float
    value: float


def sum_of_channels(
    rule: str,
    channels: Sequence[int],
    patches: Floats,
    kernels: NDArray[np.floating],
    bias: float,
) -> Sum:
    """
    Multiply patches by kernels, and add all up.

    :param channels: number of each channel of the input
    :param patches: float32, ``(C, h, w)``
    :param kernels: ``(C, h, w)``
    """
    products = patches.astype(np.float64) * kernels
    totals = products.sum((1, 2))
    order = np.argsort(-np.abs(totals), kind='stable')[:MAX_TERMS]
    rounded = kernels.astype(np.float32)
    terms = tuple(
        Term(channels[index], patches[index], rounded[index], float(totals[index]))
        for index in order.tolist()
    )
    return Sum(rule, terms, len(totals), bias, float(totals.sum()) + bias)


def sum_of_numbers(
    rule: str, channels: Sequence[int], values: Sequence[float], factors: Sequence[float]
) -> Sum:
    """Multiply numbers by factors, and add all up, in the order in which they are given."""
    terms = [
        Term(channel, _number(value), _number(factor), value * factor)
        for channel, value, factor in zip(channels, values, factors, strict=True)
    ]
    total = sum(term.total for term in terms)
    return Sum(rule, tuple(terms[:MAX_TERMS]), len(terms), 0.0, total)


def _number(value: float) -> Floats:
    return np.full((1, 1), value, np.float32)
