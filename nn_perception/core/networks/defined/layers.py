"""
The layers of a definition, and which values their keys may have.

The fields of each class are the keys of the JSON object of a layer. One without a default is
required.
"""

from __future__ import annotations

from dataclasses import dataclass, field, MISSING
from typing import Any, ClassVar

MAX_CHANNELS = 4096
MAX_UNITS = 16_384
MAX_KERNEL = 31
# Applied without parameters of their own: the slope of leaky_relu is 0.01, the alpha of elu is 1.
ACTIVATIONS = ('relu', 'leaky_relu', 'tanh', 'sigmoid', 'elu', 'gelu', 'softplus')
NONE = 'none'
# Key of the metadata of a field, for what its values may be.
ALLOWED = 'allowed'


@dataclass(frozen=True)
class Whole:
    """Whole numbers from ``low`` to ``high``."""

    low: int
    high: int

    def __str__(self) -> str:
        """Return the words of the sentence about a wrong value."""
        return f'a whole number from {self.low} to {self.high}'

    def __contains__(self, value: object) -> bool:
        """Return whether a value is allowed; True and False are no numbers."""
        return type(value) is int and self.low <= value <= self.high


@dataclass(frozen=True)
class Share:
    """Numbers from 0 to ``high``."""

    high: float

    def __str__(self) -> str:
        """Return the words of the sentence about a wrong value."""
        return f'a number from 0 to {self.high:g}'

    def __contains__(self, value: object) -> bool:
        """Return whether a value is allowed; NaN is not."""
        return type(value) in (int, float) and 0 <= value <= self.high  # type: ignore[operator]


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def __str__(self) -> str:
        """Return the words of the sentence about a wrong value."""
        return 'true or false'

    def __contains__(self, value: object) -> bool:
        """Return whether a value is allowed."""
        return type(value) is bool


@dataclass(frozen=True)
class OneOf:
    """One of a few names."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        """Return the words of the sentence about a wrong value."""
        return f'one of {", ".join(self.names)}'

    def __contains__(self, value: object) -> bool:
        """Return whether a value is allowed."""
        return type(value) is str and value in self.names


Allowed = Whole | Share | Flag | OneOf


def _key(allowed: Allowed, default: object = MISSING) -> Any:
    metadata = {ALLOWED: allowed}
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def _activation() -> Any:
    return _key(OneOf((NONE, *ACTIVATIONS)), NONE)


@dataclass(frozen=True)
class Conv:
    """
    A convolution with a square kernel, then batch norm and an activation where they are wanted.

    :param filters: number of output channels
    :param kernel: height and width of the kernel
    :param stride: pixels from one output to the next
    :param padding: rows and columns of zeros on each side
    :param groups: parts that the channels are divided into, each with filters of its own
    :param batch_norm: whether batch norm follows
    :param bias: whether there is a bias; never with batch norm, which has its own
    :param activation: what follows at the end
    """

    type: ClassVar[str] = 'conv'

    filters: int = _key(Whole(1, MAX_CHANNELS))
    kernel: int = _key(Whole(1, MAX_KERNEL))
    stride: int = _key(Whole(1, MAX_KERNEL), 1)
    padding: int = _key(Whole(0, MAX_KERNEL - 1), 0)
    groups: int = _key(Whole(1, MAX_CHANNELS), 1)
    batch_norm: bool = _key(Flag(), False)
    bias: bool = _key(Flag(), True)
    activation: str = _activation()

    def __post_init__(self) -> None:
        """Leave out the bias that batch norm would subtract."""
        if self.batch_norm:
            object.__setattr__(self, 'bias', False)


@dataclass(frozen=True)
class _Pool:
    """
    A square pool.

    :param size: height and width of what becomes one output
    :param stride: pixels from one output to the next; by default the size
    """

    type: ClassVar[str]

    size: int = _key(Whole(1, MAX_KERNEL))
    stride: int = _key(Whole(1, MAX_KERNEL), 0)

    def __post_init__(self) -> None:
        """Replace the default stride."""
        if not self.stride:
            object.__setattr__(self, 'stride', self.size)


@dataclass(frozen=True)
class MaxPool(_Pool):
    """The largest value of each square; the keys are those of every pool: size and stride."""

    type: ClassVar[str] = 'max_pool'


@dataclass(frozen=True)
class AveragePool(_Pool):
    """The mean of each square; the keys are those of every pool: size and stride."""

    type: ClassVar[str] = 'average_pool'


@dataclass(frozen=True)
class Linear:
    """
    A fully connected layer, then batch norm and an activation where they are wanted.

    :param units: number of outputs
    :param batch_norm: whether batch norm follows
    :param bias: whether there is a bias; never with batch norm, which has its own
    :param activation: what follows at the end
    """

    type: ClassVar[str] = 'linear'

    units: int = _key(Whole(1, MAX_UNITS))
    batch_norm: bool = _key(Flag(), False)
    bias: bool = _key(Flag(), True)
    activation: str = _activation()

    def __post_init__(self) -> None:
        """Leave out the bias that batch norm would subtract."""
        if self.batch_norm:
            object.__setattr__(self, 'bias', False)


@dataclass(frozen=True)
class Dropout:
    """
    Set values to 0 at random, in training only.

    :param rate: share of the values
    """

    type: ClassVar[str] = 'dropout'

    rate: float = _key(Share(0.95))

    def __post_init__(self) -> None:
        """Let 0 and 0.0 be the same definition."""
        object.__setattr__(self, 'rate', float(self.rate))


@dataclass(frozen=True)
class Flatten:
    """Make one vector of all maps."""

    type: ClassVar[str] = 'flatten'


@dataclass(frozen=True)
class GlobalAveragePool:
    """Make a vector of the mean of each map."""

    type: ClassVar[str] = 'global_average_pool'


@dataclass(frozen=True)
class BatchNorm:
    """Batch norm as a layer of its own, for example after a pool."""

    type: ClassVar[str] = 'batch_norm'


@dataclass(frozen=True)
class Activation:
    """
    An activation as a layer of its own, for example after a pool.

    :param activation: which one
    """

    type: ClassVar[str] = 'activation'

    activation: str = _key(OneOf(ACTIVATIONS))


Layer = (
    Conv
    | MaxPool
    | AveragePool
    | Linear
    | Dropout
    | Flatten
    | GlobalAveragePool
    | BatchNorm
    | Activation
)
LAYERS: dict[str, type[Layer]] = {
    layer.type: layer
    for layer in (
        Conv,
        MaxPool,
        AveragePool,
        Linear,
        Dropout,
        Flatten,
        GlobalAveragePool,
        BatchNorm,
        Activation,
    )
}
