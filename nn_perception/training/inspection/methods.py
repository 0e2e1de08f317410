"""The requests of :class:`~nn_perception.training.inspection.inspectable.Inspectable`, served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from nn_perception.core.inspection.records import Maps
from nn_perception.training.inspection.inspectable import Inspectable, LookRequest
from nn_perception.training.inspection.server import Method
from nn_perception.training.inspection.wire import Message
import numpy as np
from numpy.typing import NDArray

MAX_LAYERS = 5_000
MAX_NAME = 500


def inspectable_methods(network: Inspectable) -> dict[str, Method]:
    """
    List the methods of a network for a server; the other side is
    :class:`~nn_perception.training.inspection.remote.RemoteInspectable`.
    """

    def layers(_: Message) -> Message:
        return Message({'layers': [asdict(layer) for layer in network.layers()]})

    def look(request: Message) -> Message:
        return pack_look(network, request)

    def region(request: Message) -> Message:
        found = network.region(*element_of(request.values))
        return Message({'regions': [asdict(one) for one in found]})

    def arithmetic(request: Message) -> Message:
        return pack_arithmetic(network, request)

    def value(request: Message) -> Message:
        return Message(arrays=(np.array([network.value(*element_of(request.values))]),))

    return {
        'layers': layers,
        'look': look,
        'region': region,
        'arithmetic': arithmetic,
        'value': value,
    }


def pack_look(network: Inspectable, request: Message) -> Message:
    """Look, and write what is seen."""
    names = request.values.get('layers')
    if not isinstance(names, list) or len(names) > MAX_LAYERS:
        raise ValueError('the names of the layers must be a list')
    layers = [text_of({'layer': name}, 'layer') for name in names]
    picture = _picture(request.arrays)
    look = network.look(LookRequest(picture, layers, request.values.get('attention') is True))
    attention = () if look.attention is None else (look.attention,)
    values = {
        'maps': [pack_maps(maps) for maps in look.maps],
        'labels': look.labels,
        'inference_ms': look.inference_ms,
        'attention': bool(attention),
    }
    scores = np.array(look.scores, np.float64)
    return Message(values, (scores, look.seen, *attention, *(one.values for one in look.maps)))


def pack_maps(maps: Maps) -> dict[str, Any]:
    """Write the values of :class:`Maps` that are no array."""
    return {'layer': maps.layer, 'low': maps.low, 'high': maps.high}


def pack_arithmetic(network: Inspectable, request: Message) -> Message:
    """Explain an element, and write the explanation."""
    found = network.arithmetic(*element_of(request.values))
    values = {
        'layer': found.layer,
        'element': found.element,
        'rule': found.rule,
        'channels': [term.channel for term in found.terms],
        'total_terms': found.total_terms,
        'activation': found.activation,
    }
    # They may be no finite numbers, which JSON cannot hold.
    totals = [term.total for term in found.terms]
    numbers = np.array([found.bias, found.value, found.activated, *totals], np.float64)
    pairs = [array for term in found.terms for array in (term.patch, term.kernel)]
    return Message(values, (numbers, *pairs))


def element_of(values: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """
    Read a layer and an element of a request.

    :raises ValueError: if they are malformed
    """
    element = values.get('element')
    if not isinstance(element, list) or not all(type(index) is int for index in element):
        raise ValueError('an element is a list of whole numbers')
    return text_of(values, 'layer'), tuple(element)


def text_of(values: Mapping[str, Any], name: str) -> str:
    """
    Read a text of a request.

    :raises ValueError: if it is none, or too long
    """
    text = values.get(name)
    if not isinstance(text, str) or len(text) > MAX_NAME:
        raise ValueError(f'{name} must be a text of at most {MAX_NAME} characters')
    return text


def _picture(arrays: tuple[NDArray[Any], ...]) -> NDArray[np.uint8] | None:
    if not arrays:
        return None
    picture = arrays[0]
    colour = picture.ndim == 3 and picture.shape[2] == 3
    if picture.dtype != np.uint8 or not (colour or picture.ndim == 2) or not picture.size:
        raise ValueError(
            'a picture is uint8, H x W x 3 or H x W, and has pixels; '
            f'this one is {picture.dtype} of shape {picture.shape}'
        )
    return picture
