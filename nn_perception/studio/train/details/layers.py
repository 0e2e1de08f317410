"""The layers of a run: what they are, and the numbers in them, while it trains."""

from __future__ import annotations

from collections.abc import Mapping
import math
from pathlib import Path
from typing import Any

from nicegui.element import Element
from nn_perception.core.inspection.records import Layer, Statistics
from nn_perception.studio.studio import Studio
from nn_perception.studio.train.details.run_detail import ask, RunDetail
from nn_perception.studio.train.feed import RunReading
from nn_perception.studio.train.selection import RunSelection
from nn_perception.training.runs.records import (
    ACTIVATIONS,
    GRADIENTS,
    LayerStatistics,
    WEIGHT_GRADIENTS,
    WEIGHTS,
)

MODULES = str(Path(__file__).with_name('modules'))

TITLES = {
    ACTIVATIONS: 'Activations',
    GRADIENTS: 'Gradients',
    WEIGHTS: 'Weights',
    WEIGHT_GRADIENTS: 'Weight gradients',
}
# Which tensor of the statistics a map belongs to.
TENSORS = {'weight': WEIGHTS, 'weight.grad': WEIGHT_GRADIENTS}


class LayerTable(
    Element, component='layer_table.js', esm={'nn-details': MODULES}, default_classes='nn-detail'
):
    """A table of layers; those that are opened show their numbers and maps."""


class Layers(RunDetail):
    """
    The layers of the selected run.

    :param selection: the run
    :param _studio: what all views share
    """

    def __init__(self, selection: RunSelection, _studio: Studio) -> None:
        super().__init__(selection)
        self._opened: tuple[str, ...] = ()
        self._layers: tuple[Layer, ...] = ()
        self._table = LayerTable()
        self._table.on('opened', lambda event: self._open(event.args))
        self._table.props['titles'] = TITLES
        self.forget()

    def forget(self) -> None:
        """Show no layers."""
        self._layers = ()
        self._send(run='', step=-1, layers=[])

    async def refresh(self, reading: RunReading) -> None:
        """Show the layers, and the numbers of those that are open."""
        run = reading.run
        if not self._layers:
            layers = await ask(run.layers)
            if not self.is_selected(reading):
                return
            self._layers = layers
            self._send(run=reading.name, step=-1, layers=[layer_row(one) for one in layers])
        opened = self._opened
        if not opened:
            return
        statistics = {one.layer: one for one in await ask(run.statistics)}
        if self.is_selected(reading):
            rows = [
                layer_row(one, statistics.get(one.name) if one.name in opened else None)
                for one in self._layers
            ]
            self._send(run=reading.name, step=reading.status.step, layers=rows)

    def _open(self, names: object) -> None:
        known = {layer.name for layer in self._layers}
        wanted = names if isinstance(names, list) else []
        self._opened = tuple(one for one in wanted if isinstance(one, str) and one in known)
        # A tab that is opened again shows the same layers.
        self._send(remembered=list(self._opened))
        self.ask_anew()

    def _send(self, **values: Any) -> None:
        self._table.props.update(values)
        self._table.update()


def layer_row(layer: Layer, statistics: LayerStatistics | None = None) -> dict[str, Any]:
    """Describe a layer for the table."""
    tensors = statistics.tensors if statistics else {}
    return {
        'name': layer.name,
        'kind': layer.kind,
        'title': layer.title,
        'shape': shape_words(layer.shape),
        'parameters': f'{layer.parameters:,}',
        'tensors': [tensor_row(name, one) for name, one in tensors.items()],
        'maps': map_names(tensors),
    }


def map_names(tensors: Mapping[str, Statistics]) -> list[str]:
    """List the maps that a layer has."""
    return [found for name in tensors if (found := TENSORS.get(name, name)) in TITLES]


def tensor_row(name: str, one: Statistics) -> dict[str, Any]:
    """Describe a tensor for the table."""
    return {
        'name': name,
        'shape': shape_words(one.shape),
        'cells': [
            number(one.minimum),
            number(one.maximum),
            number(one.mean),
            f'{one.zeros:,} of {math.prod(one.shape):,}',
            f'{one.nan:,}',
            f'{one.infinite:,}',
        ],
        'bad': one.nan + one.infinite > 0,
        'histogram': list(one.histogram),
    }


def shape_words(shape: tuple[int, ...]) -> str:
    """Write a shape."""
    return ' x '.join(map(str, shape)) or '1'


def number(value: float) -> str:
    """Write a value of a tensor."""
    return f'{value:.4g}'
