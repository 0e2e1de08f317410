"""A network of three layers to look into, computed with NumPy, and cameras that show one image."""

from __future__ import annotations

from collections.abc import Sequence
import time

from nn_perception.core.inspection.records import Arithmetic, Layer, Maps, Region, Term
from nn_perception.training.inspection.inspectable import Look, LookRequest
import numpy as np

LAYERS = (
    Layer('input', 'input', (), (1, 4, 4), 0, 'input'),
    Layer('conv', 'conv', ('input',), (2, 3, 3), 10, 'conv 2 x 2'),
    Layer('output', 'linear', ('conv',), (2,), 38, 'linear'),
)
KERNELS = np.arange(8, dtype=np.float32).reshape(2, 2, 2) - 3


class FakeNetwork:
    """
    A network whose every number a test can compute.

    :ivar requests: what was looked at
    :ivar closed: how often it was closed
    :ivar error: raised by all methods, if it is set
    """

    def __init__(self) -> None:
        self.requests: list[LookRequest] = []
        self.times_s: list[float] = []
        self.closed = 0
        self.error: Exception | None = None
        self._seen = np.zeros((4, 4), np.float32)

    def layers(self) -> tuple[Layer, ...]:
        """Return the three layers."""
        self._check()
        return LAYERS

    def look(self, request: LookRequest) -> Look:
        """Look at the first 4 x 4 pixels."""
        self._check()
        self.requests.append(request)
        self.times_s.append(time.monotonic())
        picture = np.asarray(request.picture)
        grey = picture if picture.ndim == 2 else picture[:, :, 0]
        seen = np.zeros((4, 4), np.uint8)
        part = grey[:4, :4]
        seen[: part.shape[0], : part.shape[1]] = part
        self._seen = seen.astype(np.float32) / 255
        attention = seen if request.attention else None
        rgb = np.repeat(seen[:, :, None], 3, axis=2)
        maps = tuple(self._maps(name) for name in request.layers)
        return Look(maps, ('one', 'zero'), (0.75, 0.25), rgb, attention, 1.5)

    def region(self, layer: str, element: Sequence[int]) -> tuple[Region, ...]:
        """Return the 2 x 2 elements that an element of ``conv`` sees."""
        self._check_element(layer, element)
        _, row, column = element
        return (Region('input', (0, row, column), (0, row + 1, column + 1)),)

    def arithmetic(self, layer: str, element: Sequence[int]) -> Arithmetic:
        """Explain an element of ``conv``."""
        self._check_element(layer, element)
        channel, row, column = element
        patch = self._seen[row : row + 2, column : column + 2]
        total = float((patch * KERNELS[channel]).sum())
        term = Term(0, patch, KERNELS[channel], total)
        value = total + 0.5
        activated = max(0.0, value)
        rule = 'sum of products, plus bias'
        position = tuple(element)
        return Arithmetic(layer, position, rule, (term,), 1, 0.5, value, 'ReLU', activated)

    def value(self, layer: str, element: Sequence[int]) -> float:
        """Return an element of ``conv``."""
        return self.arithmetic(layer, element).activated

    def close(self) -> None:
        """Count."""
        self.closed += 1

    def _maps(self, name: str) -> Maps:
        shape = next(layer.shape for layer in LAYERS if layer.name == name)
        values = np.zeros(shape, np.uint8)
        values.flat[:16] = (self._seen.ravel() * 255).astype(np.uint8)[: values.size]
        return Maps(name, values, -1.0, 2.0)

    def _check(self) -> None:
        if self.error is not None:
            raise self.error

    def _check_element(self, layer: str, element: Sequence[int]) -> None:
        self._check()
        if layer != 'conv' or len(element) != 3:
            raise ValueError(f'there is no such element in {layer}')
        if any(index >= size for index, size in zip(element, (2, 3, 3), strict=True)):
            raise ValueError('the element is outside its layer')
