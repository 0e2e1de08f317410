"""Look into a network of this process."""

from __future__ import annotations

from collections.abc import Sequence
import threading

from nn_perception.core.inspection.inspector import Inspector, NOTHING
from nn_perception.core.inspection.records import Arithmetic, Layer, Region
from nn_perception.core.inspection.traced_network import TracedNetwork
from nn_perception.training.inspection.inspectable import Look, LookRequest
from nn_perception.training.inspection.pictures import Prepare
import numpy as np
from numpy.typing import NDArray

MAX_LABELS = 10


class LocalInspectable:
    """
    A network of this process, for one viewer; see
    :class:`~nn_perception.training.inspection.inspectable.Inspectable`.

    :param traced: may be shared with other viewers
    :param prepare: turns pictures into inputs
    :param labels: of the outputs of a classifier
    """

    def __init__(self, traced: TracedNetwork, prepare: Prepare, labels: Sequence[str]) -> None:
        self._inspector = Inspector(traced)
        self._prepare = prepare
        self._labels = tuple(labels)
        self._lock = threading.Lock()
        self._seen: NDArray[np.uint8] | None = None

    def layers(self) -> tuple[Layer, ...]:
        """Return all layers, in the order in which they are computed; the first is the input."""
        return self._inspector.traced.layers

    def look(self, request: LookRequest) -> Look:
        """Run the network on a picture."""
        with self._lock:
            batch = None
            if request.picture is not None:
                prepared = self._prepare(request.picture)
                batch, seen = prepared.batch, prepared.seen
            elif self._seen is None:
                raise ValueError(NOTHING)
            else:
                seen = self._seen
            found = self._inspector.look(batch, request.layers, attention=request.attention)
            self._seen = seen
        labels, scores = self._best(found.probabilities)
        return Look(found.maps, labels, scores, seen, found.attention, found.inference_ms)

    def region(self, layer: str, element: Sequence[int]) -> tuple[Region, ...]:
        """Return what an element sees in each layer that its layer gets its input from."""
        return self._inspector.region(layer, element)

    def arithmetic(self, layer: str, element: Sequence[int]) -> Arithmetic:
        """Explain an element of the last picture that was looked at."""
        return self._inspector.arithmetic(layer, element)

    def value(self, layer: str, element: Sequence[int]) -> float:
        """Return an element of the last picture that was looked at."""
        return self._inspector.value(layer, element)

    def close(self) -> None:
        """Do nothing: the network belongs to its owner."""

    def _best(
        self, probabilities: NDArray[np.float32] | None
    ) -> tuple[tuple[str, ...], tuple[float, ...]]:
        if probabilities is None:
            return (), ()
        order = np.argsort(-probabilities, kind='stable')[:MAX_LABELS].tolist()
        labels = tuple(
            self._labels[index] if index < len(self._labels) else str(index) for index in order
        )
        return labels, tuple(float(probabilities[index]) for index in order)
