"""A network as data: its layers, checked against what each of them allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, Field, fields, MISSING
from functools import cached_property
import json
from typing import Any

from nn_perception.core.files.untrusted import parse_json
from nn_perception.core.misspelling import closest
from nn_perception.core.networks.defined.layers import (
    Activation,
    ALLOWED,
    Dropout,
    Layer,
    LAYERS,
    Linear,
    NONE,
    OneOf,
    Whole,
)
from nn_perception.core.networks.defined.sizes import by, LayerSize, measure
from nn_perception.core.quoting import listed, quoted

MAX_LAYERS = 64
MAX_CHARACTERS = 20_000
MAX_CLASSES = 1000
CHANNELS = (1, 3)
SIDE = Whole(1, 512)
KEYS = ('input', 'layers')
TYPE = 'type'
# Their values would not be logits any more, or depend on chance.
_NEVER_LAST = (Activation, Dropout)


@dataclass(frozen=True)
class Definition:
    """
    A network for classification; its output are logits.

    :param input: channels, height and width of an image; height and width are equal
    :param layers: in the order in which they are computed
    """

    input: tuple[int, int, int]
    layers: tuple[Layer, ...]

    @cached_property
    def sizes(self) -> tuple[LayerSize, ...]:
        """
        The size of each layer.

        :raises ValueError: a sentence, if the layers do not fit each other
        """
        return measure(self.input, self.layers)

    @property
    def outputs(self) -> int:
        """Number of classes."""
        return self.sizes[-1].shape[0]

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(size.parameters for size in self.sizes)

    @property
    def multiply_adds(self) -> int:
        """Number of multiplications and additions for one image."""
        return sum(size.multiply_adds for size in self.sizes)

    @property
    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Name of each tensor of the state dict -> its shape, in torch's order."""
        return {
            name: shape
            for size in self.sizes
            for name, shape in (*size.trained.items(), *size.tracked.items())
        }

    @property
    def head(self) -> str:
        """
        The last tensor of the classification layer; empty if the last layer is not linear.

        That is the key ``head`` of a checkpoint's metadata.
        """
        last = self.layers[-1]
        if not isinstance(last, Linear) or last.batch_norm:
            return ''
        return [*self.sizes[-1].trained][-1]

    def with_head(self, classes: int) -> Definition:
        """
        Return the definition with another last layer, linear and with a bias, for fine-tuning.

        :raises ValueError: if the last layer is not linear
        """
        if not self.head:
            raise ValueError('the network does not end in a linear layer')
        return Definition(self.input, (*self.layers[:-1], Linear(classes)))

    def to_json(self) -> dict[str, Any]:
        """Convert to what :func:`parse` reads, without the keys that have their default."""
        layers = [{TYPE: layer.type} | _given(layer) for layer in self.layers]
        return {'input': list(self.input), 'layers': layers}

    def to_text(self) -> str:
        """Convert to JSON in one line; equal definitions give equal texts."""
        return json.dumps(self.to_json(), separators=(',', ':'))


def parse(source: str | bytes | Mapping[str, Any], classes: int | None = None) -> Definition:
    """
    Read a definition that anybody may have written.

    :param source: JSON, or the object that it describes
    :param classes: number of classes that it must have
    :raises ValueError: one sentence that says what is wrong, and in which layer
    """
    if isinstance(source, str | bytes):
        source = _parsed(source)
    if not isinstance(source, Mapping):
        raise ValueError(
            f'a network is an object with the keys input and layers, got {_a(source)}'
        )
    _check_keys(source, KEYS, KEYS, 'the network')
    shape, layers = _input(source['input']), source['layers']
    if not isinstance(layers, list | tuple):
        raise ValueError(f'layers must be a list, got {_a(layers)}')
    if not 1 <= len(layers) <= MAX_LAYERS:
        raise ValueError(f'a network has 1 to {MAX_LAYERS} layers, got {len(layers)}')
    definition = Definition(
        shape, tuple(_layer(number, layer) for number, layer in enumerate(layers, 1))
    )
    _check_output(definition, classes)
    return definition


def _parsed(text: str | bytes) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f'the text of a network has at most {MAX_CHARACTERS:,} characters, got {len(text):,}'
        )
    try:
        return parse_json(text)
    except ValueError as error:
        raise ValueError(f'the text of the network is not JSON: {error}') from error


def _input(shape: Any) -> tuple[int, int, int]:
    if not isinstance(shape, list | tuple) or len(shape) != 3:
        raise ValueError(
            f'input must be a list of channels, height and width, as [1, 28, 28], got {_a(shape)}'
        )
    channels, height, width = shape
    if type(channels) is not int or channels not in CHANNELS:
        raise ValueError(f'input must have 1 channel (grey) or 3 (colour), got {_a(channels)}')
    for side in (height, width):
        if side not in SIDE:
            raise ValueError(f'height and width of the input must be {SIDE}, got {_a(side)}')
    if height != width:
        raise ValueError(f'the input must be a square, got {height} x {width}')
    return channels, height, width


def _layer(number: int, values: Any) -> Layer:
    if not isinstance(values, Mapping):
        raise ValueError(f'layer {number}: it must be an object with a type, got {_a(values)}')
    if TYPE not in values:
        raise ValueError(f'layer {number}: it has no type; there are {", ".join(LAYERS)}')
    kind = values[TYPE]
    if not isinstance(kind, str) or kind not in LAYERS:
        hint = _meant(kind, LAYERS) or f'; there are {", ".join(LAYERS)}'
        raise ValueError(f'layer {number}: there is no type {_a(kind)}{hint}')
    layer, where = LAYERS[kind], f'layer {number} ({kind})'
    keys: dict[str, Field[Any]] = {key.name: key for key in fields(layer)}
    required = [key.name for key in keys.values() if key.default is MISSING]
    _check_keys(values, (TYPE, *keys), required, where)
    given = {name: values[name] for name in keys if name in values}
    for name, value in given.items():
        allowed = keys[name].metadata[ALLOWED]
        if value not in allowed:
            hint = _meant(value, allowed.names if isinstance(allowed, OneOf) else ())
            raise ValueError(f'{where}: {name} must be {allowed}, got {_a(value)}{hint}')
    return layer(**given)


def _check_keys(
    values: Mapping[str, Any], known: Iterable[str], required: Iterable[str], where: str
) -> None:
    known = tuple(known)
    for key in values:
        if not isinstance(key, str) or key not in known:
            keys = listed([name for name in known if name != TYPE])
            hint = _meant(key, known) or f'; it has {keys or "no key but its type"}'
            raise ValueError(f'{where}: there is no key {_a(key)}{hint}')
    missing = [key for key in required if key not in values]
    if missing:
        raise ValueError(f'{where}: {" and ".join(missing)} must be given')


def _check_output(definition: Definition, classes: int | None) -> None:
    last, size = definition.layers[-1], definition.sizes[-1]
    where = f'layer {size.number} ({size.type})'
    if len(size.shape) > 1:
        raise ValueError(
            f'{where}: the last layer must output one value for each class, but outputs maps of '
            f'{by(size.shape)}; end with flatten and linear'
        )
    wanted = classes if classes is not None else size.shape[0]
    if size.shape[0] != wanted:
        raise ValueError(
            f'{where}: the last layer must output one value for each of the {wanted} classes, '
            f'but outputs {size.shape[0]}'
        )
    if not 2 <= wanted <= MAX_CLASSES:
        raise ValueError(
            f'{where}: the last layer must output one value for each class, 2 to {MAX_CLASSES}, '
            f'but outputs {wanted}'
        )
    activated = isinstance(last, Linear) and last.activation != NONE
    if activated or isinstance(last, _NEVER_LAST):
        what = f'the activation {last.activation}' if hasattr(last, 'activation') else 'dropout'
        raise ValueError(
            f'{where}: the network must not end in {what}, because the loss takes what comes '
            'before softmax'
        )


def _given(layer: Layer) -> dict[str, Any]:
    """Return the keys of a layer that do not have their default."""
    kept: dict[str, Any] = {
        key.name: getattr(layer, key.name) for key in fields(layer) if key.default is MISSING
    }
    for key in fields(layer):
        value = getattr(layer, key.name)
        if key.name not in kept and value != getattr(type(layer)(**kept), key.name):
            kept[key.name] = value
    return kept


def _meant(written: Any, names: Iterable[str]) -> str:
    """Return the end of a sentence about a misspelt name; empty if none is similar."""
    near = closest(written, names) if isinstance(written, str) else ''
    return f'; did you mean {near}?' if near else ''


def _a(value: Any) -> str:
    """Show a value of the wrong kind in a sentence."""
    if value is None or isinstance(value, bool):
        return str(json.dumps(value))
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return 'an object'
    if isinstance(value, list | tuple):
        return f'a list of {len(value)}'
    if type(value) is int and abs(value) >= 10**20:  # printing it may take long
        return 'a number of more than 20 digits'
    return repr(value)[:40]
