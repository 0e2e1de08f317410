"""What the view Layers sends to the browser, see :mod:`nn_perception.studio.layers.messages`."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

from nn_perception.core.inspection.records import Arithmetic, Layer, Maps, Region
from nn_perception.studio.layers.networks import NetworkInfo
from nn_perception.training.inspection.inspectable import Look
from nn_perception.training.runs.records import History, RunStatus
import numpy as np
from numpy.typing import NDArray

HEADER_LENGTH = struct.Struct('<I')
# Of a layer; of larger ones every second row and column is sent, or every fourth, ...
MAX_VALUES = 100_000


def networks_message(networks: list[NetworkInfo]) -> str:
    """Write the list of networks."""
    described = [
        {'id': one.id, 'title': one.title, 'group': one.group, 'reads': one.reads}
        for one in networks
    ]
    return json.dumps({'networks': described})


def layers_message(network: str, layers: tuple[Layer, ...], labels: tuple[str, ...]) -> str:
    """Write the layers of a network, and the names of its outputs."""
    described = [
        {
            'name': layer.name,
            'kind': layer.kind,
            'inputs': list(layer.inputs),
            'shape': list(layer.shape),
            'parameters': layer.parameters,
            'title': layer.title,
            'stage': layer.stage,
        }
        for layer in layers
    ]
    return json.dumps({'network': network, 'layers': described, 'labels': list(labels)})


def status_message(status: RunStatus, history: History) -> str:
    """Write how a run goes."""
    return json.dumps(
        {
            'status': {
                'state': status.state.value,
                'message': status.message,
                'epoch': status.epoch,
                'epochs': status.epochs,
                'step': status.step,
                'steps_per_epoch': status.steps_per_epoch,
                'examples_per_s': _finite(status.examples_per_s),
                'loss': _last(history.loss),
                'accuracy': _last(history.accuracy),
                'validation_accuracy': _last(history.validation_accuracy),
            }
        }
    )


def look_message(look: Look, number: int, network: str, picture: int) -> bytes:
    """
    Write a look.

    :param number: of the look
    :param network: that was looked into
    :param picture: number of the picture of the browser that was looked at; 0: it was none
    """
    sent = [_thinned(one.values) for one in look.maps]
    header = {
        'number': number,
        'picture': picture,
        'network': network,
        'maps': [
            {
                'layer': one.layer,
                'shape': list(values.shape),
                'low': one.low,
                'high': one.high,
                'mean': _mean(one),
            }
            for one, values in zip(look.maps, sent, strict=True)
        ],
        'labels': list(look.labels),
        'scores': [_finite(score) for score in look.scores],
        'seen': list(look.seen.shape),
        'attention': None if look.attention is None else list(look.attention.shape),
        'inference_ms': look.inference_ms,
    }
    arrays = [*sent, look.seen]
    if look.attention is not None:
        arrays.append(look.attention)
    encoded = json.dumps(header).encode()
    contents = (np.ascontiguousarray(array, np.uint8).tobytes() for array in arrays)
    return b''.join((HEADER_LENGTH.pack(len(encoded)), encoded, *contents))


def error_message(number: int, text: str) -> str:
    """Write why there is no answer."""
    return json.dumps({'answer': number, 'error': text})


def hover_message(number: int, value: float, regions: tuple[Region, ...]) -> str:
    """Write what an element sees."""
    seen = [{'layer': one.layer, 'first': one.first, 'last': one.last} for one in regions]
    return json.dumps({'answer': number, 'value': _finite(value), 'regions': seen})


def arithmetic_message(number: int, found: Arithmetic) -> str:
    """Write how an element comes about."""
    terms = [
        {
            'channel': term.channel,
            'patch': _rows(term.patch),
            'kernel': _rows(term.kernel),
            'total': _finite(term.total),
        }
        for term in found.terms
    ]
    described = {
        'layer': found.layer,
        'element': list(found.element),
        'rule': found.rule,
        'terms': terms,
        'total_terms': found.total_terms,
        'bias': _finite(found.bias),
        'value': _finite(found.value),
        'activation': found.activation,
        'activated': _finite(found.activated),
    }
    return json.dumps({'answer': number, 'arithmetic': described})


def _thinned(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Leave out rows and columns of large maps, more than a screen shows."""
    step = 1
    while values.ndim == 3 and values.size > MAX_VALUES * step**2:
        step *= 2
    return values[:, ::step, ::step] if step > 1 else values


def _mean(maps: Maps) -> float:
    share = float(maps.values.mean()) / 255 if maps.values.size else 0.0
    return maps.low + share * (maps.high - maps.low)


def _rows(values: NDArray[np.float32]) -> list[list[float | None]]:
    return [[_finite(one) for one in row] for row in values.tolist()]


def _last(values: tuple[float, ...]) -> float | None:
    return _finite(values[-1]) if values else None


def _finite(value: Any) -> float | None:
    """JSON has no word for what is not a finite number."""
    return float(value) if math.isfinite(value) else None
