"""What the page asks of a network that it looks into, wherever the network runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from nn_perception.core.inspection.records import Arithmetic, Layer, Maps, Region
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Look:
    """
    What a network makes of one input.

    :param maps: activations of the layers that were asked for
    :param labels: names of the outputs, best first, at most ten; empty if it is no classifier
    :param scores: their probabilities
    :param seen: uint8, ``(H, W, 3)``: the input after preprocessing, as a picture
    :param attention: uint8, ``(H, W)``: class activation map of the best label over ``seen``; None
        if it was not asked for, or the network has none
    :param inference_ms: duration of the forward pass
    """

    maps: tuple[Maps, ...]
    labels: tuple[str, ...]
    scores: tuple[float, ...]
    seen: NDArray[np.uint8]
    attention: NDArray[np.uint8] | None
    inference_ms: float


@dataclass(frozen=True)
class LookRequest:
    """
    What to look at.

    :param picture: uint8, ``(H, W, 3)`` RGB, or ``(H, W)`` grey: light ink on black for networks
        that read digits, as the pad draws it; None: the last one once more
    :param layers: names of the layers whose activations are wanted
    :param attention: whether the class activation map is wanted
    """

    picture: NDArray[np.uint8] | None
    layers: Sequence[str] = field(default=())
    attention: bool = False


class Inspectable(Protocol):
    """
    A network that can be looked into.

    All methods block, and may be called from any thread.

    :raises RuntimeError: (all methods) a sentence, if its process has ended
    :raises ValueError: (all methods) a sentence, if there is no such layer or element
    """

    def layers(self) -> tuple[Layer, ...]:
        """Return all layers, in the order in which they are computed; the first is the input."""

    def look(self, request: LookRequest) -> Look:
        """Run the network on a picture."""

    def region(self, layer: str, element: Sequence[int]) -> tuple[Region, ...]:
        """Return what an element sees in each layer that its layer gets its input from."""

    def arithmetic(self, layer: str, element: Sequence[int]) -> Arithmetic:
        """Explain an element of the last picture that was looked at."""

    def value(self, layer: str, element: Sequence[int]) -> float:
        """Return an element of the last picture that was looked at."""

    def close(self) -> None:
        """Say that nobody looks any more; a process that serves nobody else ends."""
