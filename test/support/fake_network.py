"""A network that says what it was asked, and its process; neither needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import sys

from nn_perception.core.inspection.records import Arithmetic, INPUT, Layer, Maps, Region, Term
from nn_perception.training.inspection.inspectable import Look, LookRequest
from nn_perception.training.inspection.methods import inspectable_methods
from nn_perception.training.inspection.server import Server
from nn_perception.training.inspection.serving import serve_until_idle
import numpy as np

PICTURE = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
LAYERS = (
    Layer(INPUT, 'input', (), (3, 2, 4), 0, 'input'),
    Layer('a', 'conv', (INPUT,), (1, 2, 4), 28, 'conv 3 x 3', 'stem'),
)


class FakeNetwork:
    """Says what it was asked."""

    picture: np.ndarray | None = None

    def layers(self) -> tuple[Layer, ...]:
        return LAYERS

    def look(self, request: LookRequest) -> Look:
        if request.picture is not None:
            self.picture = request.picture.copy()
        if self.picture is None:
            raise ValueError('there is no picture yet')
        maps = tuple(
            Maps(name, np.full((2, 2), number, np.uint8), -1.5, 2.0)
            for number, name in enumerate(request.layers)
        )
        attention = self.picture[..., 0] if request.attention else None
        return Look(maps, ('cat', 'dog'), (0.75, float('nan')), self.picture, attention, 1.5)

    def region(self, layer: str, element: Sequence[int]) -> tuple[Region, ...]:
        return (Region(layer, tuple(element), (2, 2, 2)),)

    def arithmetic(self, layer: str, element: Sequence[int]) -> Arithmetic:
        patch = np.ones((2, 2), np.float32)
        terms = (Term(3, patch, patch * 2, 8.0), Term(1, patch, -patch, -4.0))
        infinite = float('inf')
        return Arithmetic(layer, tuple(element), 'sum', terms, 9, 0.5, 4.5, 'ReLU', infinite)

    def value(self, layer: str, element: Sequence[int]) -> float:
        if layer != 'a':
            raise ValueError(f'there is no layer {layer}')
        if element[0] == 99:
            return [0.0][99]
        return float(np.sum(element))

    def close(self) -> None:
        """Do nothing."""


def main(address: str, model: str, idle_s: str) -> int:
    """Look into a model, as :mod:`nn_perception.training.inspection.process` does."""

    def open_server() -> Server:
        if model == 'missing':
            raise ValueError("unknown model 'missing'")
        return Server(Path(address), lambda: inspectable_methods(FakeNetwork()))

    return serve_until_idle(open_server, float(idle_s))


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
