"""Looks inside the network of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nn_perception.core.inspection.records import Arithmetic, Layer, Region
from nn_perception.core.inspection.traced_network import TracedNetwork
from nn_perception.training.inspection.inspectable import Look, LookRequest
from nn_perception.training.inspection.local import LocalInspectable
from nn_perception.training.inspection.pictures import Prepare
import numpy as np
from numpy.typing import NDArray

DEFINED = 'defined'


class RunInspectable:
    """
    The network of a run for one viewer; see
    :class:`~nn_perception.training.inspection.inspectable.Inspectable`.

    :param traced: returns the layers of the network of now, which a reset replaces
    :param prepare: turns pictures into inputs
    :param labels: of the outputs
    """

    def __init__(
        self, traced: Callable[[], TracedNetwork], prepare: Prepare, labels: Sequence[str]
    ) -> None:
        self._traced = traced
        self._prepare = prepare
        self._labels = labels
        self._picture: NDArray[np.uint8] | None = None
        self._of: TracedNetwork | None = None
        self._local: LocalInspectable | None = None

    def layers(self) -> tuple[Layer, ...]:
        """Return all layers, in the order in which they are computed; the first is the input."""
        return self._now().layers()

    def look(self, request: LookRequest) -> Look:
        """Run the network on a picture."""
        look = self._now().look(request)
        if request.picture is not None:
            self._picture = request.picture
        return look

    def region(self, layer: str, element: Sequence[int]) -> tuple[Region, ...]:
        """Return what an element sees in each layer that its layer gets its input from."""
        return self._now().region(layer, element)

    def arithmetic(self, layer: str, element: Sequence[int]) -> Arithmetic:
        """Explain an element of the last picture that was looked at."""
        return self._now().arithmetic(layer, element)

    def value(self, layer: str, element: Sequence[int]) -> float:
        """Return an element of the last picture that was looked at."""
        return self._now().value(layer, element)

    def close(self) -> None:
        """Do nothing: the network belongs to the run."""

    def _now(self) -> LocalInspectable:
        """Return the network of now; after a reset, it looks at the last picture anew."""
        traced = self._traced()
        if self._local is None or traced is not self._of:
            self._of = traced
            self._local = LocalInspectable(traced, self._prepare, self._labels)
            if self._picture is not None:
                self._local.look(LookRequest(self._picture))
        return self._local
