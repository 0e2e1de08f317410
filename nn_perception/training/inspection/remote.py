"""Look into a network that runs in another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nn_perception.core.inspection.records import Arithmetic, Layer, Maps, Region, Term
from nn_perception.training.inspection.client import Client
from nn_perception.training.inspection.inspectable import Look, LookRequest
from nn_perception.training.inspection.wire import Message
from numpy.typing import NDArray

# Numbers of an explanation that come before the totals of its terms.
BIAS, VALUE, ACTIVATED, TOTALS = range(4)


class RemoteInspectable:
    """
    A network of another process, see :class:`Inspectable`; the other side is
    :func:`~nn_perception.training.inspection.methods.inspectable_methods`.

    :param client: connected to its server
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def closed(self) -> bool:
        """Whether nothing can be asked any more."""
        return self._client.closed

    def layers(self) -> tuple[Layer, ...]:
        """Return all layers, in the order in which they are computed; the first is the input."""
        reply = self._client.ask('layers')
        return tuple(_layer(one) for one in reply.values['layers'])

    def look(self, request: LookRequest) -> Look:
        """Run the network on a picture."""
        arrays = () if request.picture is None else (request.picture,)
        values = {'layers': list(request.layers), 'attention': request.attention}
        return unpack_look(self._client.ask('look', values, arrays))

    def region(self, layer: str, element: Sequence[int]) -> tuple[Region, ...]:
        """Return what an element sees in each layer that its layer gets its input from."""
        reply = self._client.ask('region', _element(layer, element))
        return tuple(
            Region(one['layer'], tuple(one['first']), tuple(one['last']))
            for one in reply.values['regions']
        )

    def arithmetic(self, layer: str, element: Sequence[int]) -> Arithmetic:
        """Explain an element of the last picture that was looked at."""
        return unpack_arithmetic(self._client.ask('arithmetic', _element(layer, element)))

    def value(self, layer: str, element: Sequence[int]) -> float:
        """Return an element of the last picture that was looked at."""
        return float(self._client.ask('value', _element(layer, element)).arrays[0][0])

    def close(self) -> None:
        """Say that nobody looks any more; a process that serves nobody else ends."""
        self._client.close()


def unpack_look(reply: Message) -> Look:
    """Read what :func:`pack_look` has written."""
    values = reply.values
    scores, seen, *arrays = reply.arrays
    attention = arrays.pop(0) if values['attention'] else None
    return Look(
        tuple(
            unpack_maps(described, array)
            for described, array in zip(values['maps'], arrays, strict=True)
        ),
        tuple(values['labels']),
        tuple(float(score) for score in scores),
        seen,
        attention,
        float(values['inference_ms']),
    )


def unpack_maps(described: Mapping[str, Any], values: NDArray[Any]) -> Maps:
    """Read what :func:`pack_maps` has written."""
    return Maps(described['layer'], values, float(described['low']), float(described['high']))


def unpack_arithmetic(reply: Message) -> Arithmetic:
    """Read what :func:`pack_arithmetic` has written."""
    values = reply.values
    written, *arrays = reply.arrays
    numbers = [float(number) for number in written]
    patches, kernels = arrays[::2], arrays[1::2]
    return Arithmetic(
        layer=values['layer'],
        element=tuple(values['element']),
        rule=values['rule'],
        terms=tuple(
            Term(*fields)
            for fields in zip(values['channels'], patches, kernels, numbers[TOTALS:], strict=True)
        ),
        total_terms=values['total_terms'],
        bias=numbers[BIAS],
        value=numbers[VALUE],
        activation=values['activation'],
        activated=numbers[ACTIVATED],
    )


def _layer(values: Mapping[str, Any]) -> Layer:
    fields = {**values, 'inputs': tuple(values['inputs']), 'shape': tuple(values['shape'])}
    return Layer(**fields)


def _element(layer: str, element: Sequence[int]) -> dict[str, Any]:
    return {'layer': layer, 'element': [int(index) for index in element]}
