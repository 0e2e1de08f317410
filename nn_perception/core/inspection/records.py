"""
What a look inside a network shows.

Shapes are without the batch: ``(C, H, W)`` for maps, ``(D,)`` for vectors. An *element* is the
index of one value of a layer's output, as long as the layer's shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The layer that every network begins with: what it gets, after preprocessing.
INPUT = 'input'


@dataclass(frozen=True)
class Layer:
    """
    A layer of a network.

    :param name: unique in its network
    :param kind: ``input``, ``conv``, ``linear``, ``batch_norm``, ``max_pool``, ``average_pool``,
        ``activation``, ``add``, ``pad``, ``resize``, ``flatten``, ``dropout``, ``softmax``, ...
    :param inputs: names of the layers whose outputs it gets
    :param shape: of its output
    :param parameters: number of weights and biases
    :param title: for people, as ``conv 5 x 5, stride 2``
    :param stage: the part of the network that it belongs to, shown as one slab when closed
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    parameters: int
    title: str
    stage: str = ''


@dataclass(frozen=True)
class Maps:
    """
    Values of a layer, in 8 bits.

    A value is ``low + values / 255 * (high - low)``; one that is not a finite number becomes 0.

    :param layer: name of the layer
    :param values: uint8, of the layer's shape, or of its weights' shape
    :param low: smallest finite value
    :param high: largest finite value
    """

    layer: str
    values: NDArray[np.uint8]
    low: float
    high: float


@dataclass(frozen=True)
class Statistics:
    """
    Statistics of the values of a tensor.

    :param shape: of the tensor
    :param minimum: of the finite values; 0 if there are none
    :param maximum: of the finite values; 0 if there are none
    :param mean: of the finite values; 0 if there are none
    :param zeros: number of values that are exactly 0
    :param nan: number of values that are not a number
    :param infinite: number of infinite values
    :param histogram: number of finite values in equal bins from minimum to maximum
    """

    shape: tuple[int, ...]
    minimum: float
    maximum: float
    mean: float
    zeros: int
    nan: int
    infinite: int
    histogram: tuple[int, ...]


@dataclass(frozen=True)
class Region:
    """
    The part of a layer's output that an element of a later layer sees.

    :param layer: name of the layer that is seen
    :param first: index of the first value
    :param last: index of the last value, which belongs to it
    """

    layer: str
    first: tuple[int, ...]
    last: tuple[int, ...]


@dataclass(frozen=True)
class Term:
    """
    What one channel of the input contributes to an element.

    :param channel: of the layer before
    :param patch: float32, ``(h, w)``, the values that are seen; outside the picture 0
    :param kernel: float32, ``(h, w)``, their weights
    :param total: sum of the products
    """

    channel: int
    patch: NDArray[np.float32]
    kernel: NDArray[np.float32]
    total: float


@dataclass(frozen=True)
class Arithmetic:
    """
    How an element comes about.

    :param layer: name of the layer
    :param element: index of the value
    :param rule: in words, as ``sum of products, plus bias``, ``largest of 2 x 2``
    :param terms: by channel of the input, those that contribute most first; at most 64
    :param total_terms: number of terms there are
    :param bias: added to the sum of all terms
    :param value: of the element; the sum of all terms and the bias where the rule says so
    :param activation: the activation that follows, as ``ReLU``; empty if none does
    :param activated: value after it
    """

    layer: str
    element: tuple[int, ...]
    rule: str
    terms: tuple[Term, ...]
    total_terms: int
    bias: float
    value: float
    activation: str
    activated: float
