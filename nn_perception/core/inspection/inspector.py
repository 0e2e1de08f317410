"""Look into a network for one viewer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
import threading
import time

from nn_perception.core.inspection.arithmetic import explain, needed
from nn_perception.core.inspection.attention import as_picture, attention_of, attention_source
from nn_perception.core.inspection.quantization import quantized
from nn_perception.core.inspection.records import Arithmetic, Maps, Region
from nn_perception.core.inspection.regions import check_element, regions_of
from nn_perception.core.inspection.traced_network import TracedNetwork
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

NOTHING = 'There is no picture yet.'


@dataclass(frozen=True)
class Activations:
    """
    What a network makes of one input.

    :param maps: of the layers that were asked for, in their order
    :param probabilities: float32, ``(L,)``; None if the network does not classify
    :param attention: uint8, ``(H, W)``, of the best label; None if it was not asked for, or the
        network has none
    :param inference_ms: duration of the forward pass
    """

    maps: tuple[Maps, ...]
    probabilities: NDArray[np.float32] | None
    attention: NDArray[np.uint8] | None
    inference_ms: float


class Inspector:
    """
    Look into a network, and explain what was looked at last.

    Of an input only itself is kept; the values that explanations need are computed when they are
    asked for, and those of the layer that was asked for last are kept.

    :param traced: may be shared with others
    """

    def __init__(self, traced: TracedNetwork) -> None:
        self.traced = traced
        self._lock = threading.Lock()
        self._batch: Tensor | None = None
        # Counts the inputs.
        self._number = 0
        self._explained: tuple[object, dict[str, Tensor]] = (None, {})

    def look(
        self,
        batch: NDArray[np.float32] | None,
        layers: Collection[str],
        *,
        attention: bool = False,
    ) -> Activations:
        """
        Run the network once.

        :param batch: float32, ``(1, ...)``; None: the last one once more
        :param layers: names of the layers whose values are wanted
        :param attention: whether the class activation map is wanted
        :raises ValueError: if there is no such layer, or no input yet
        """
        names = [self.traced.layer(name).name for name in dict.fromkeys(layers)]
        tensor = self._remember(batch)
        source = attention_source(self.traced) if attention else None
        own = [self.traced.probabilities, self.traced.logits] if self.traced.probabilities else []
        wanted = {*names, *own, *([source.layer] if source else [])}
        leaf = source.layer if source and source.weights is None else ''
        began_s = time.perf_counter()
        values = self.traced.run(tensor, wanted or self.traced.outputs, differentiable_from=leaf)
        inference_ms = (time.perf_counter() - began_s) * 1e3
        probabilities = values[own[0]][0].detach() if own else None
        picture = None
        if source is not None and probabilities is not None:
            label = int(probabilities.argmax())
            found = attention_of(source, values[source.layer], values[own[1]], label)
            picture = as_picture(found, *self.traced.layers[0].shape[-2:])
        return Activations(
            tuple(quantized(name, values[name][0]) for name in names),
            None if probabilities is None else probabilities.float().numpy(),
            picture,
            inference_ms,
        )

    def region(self, layer: str, element: Sequence[int]) -> tuple[Region, ...]:
        """Return what an element sees, see :func:`.regions.regions_of`."""
        return regions_of(self.traced, layer, element)

    def arithmetic(self, layer: str, element: Sequence[int]) -> Arithmetic:
        """
        Explain an element of the last input.

        :raises ValueError: if there is no such layer or element, or no input yet
        """
        return explain(self.traced, layer, element, self._values(layer))

    def value(self, layer: str, element: Sequence[int]) -> float:
        """
        Return an element of the last input.

        :raises ValueError: if there is no such layer or element, or no input yet
        """
        index = check_element(self.traced.layer(layer), element)
        return float(self._values(layer)[layer][0][index])

    def _remember(self, batch: NDArray[np.float32] | None) -> Tensor:
        with self._lock:
            if batch is not None:
                self._batch = torch.from_numpy(np.array(batch, np.float32))
                self._number += 1
            if self._batch is None:
                raise ValueError(NOTHING)
            return self._batch

    def _values(self, layer: str) -> dict[str, Tensor]:
        """Compute what explains a layer, unless that was done for this input and these weights."""
        names = needed(self.traced, layer)
        with self._lock:
            batch, number, (state, values) = self._batch, self._number, self._explained
        if batch is None:
            raise ValueError(NOTHING)
        now = (layer, number, self._versions())
        if state != now:
            values = self.traced.run(batch, names)
            with self._lock:
                self._explained = (now, values)
        return values

    def _versions(self) -> tuple[int, ...]:
        """Return how often each weight has changed; a training changes them."""
        return tuple(weight._version for weight in self.traced.network.state_dict().values())
