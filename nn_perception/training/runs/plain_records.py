"""Dataclasses as values of JSON, and back, checked against their types; arrays go beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, MISSING
from enum import Enum
from functools import cache
import types
from typing import Any, cast, get_args, get_origin, get_type_hints, TypeVar, Union

from nn_perception.core.quoting import quoted
from nn_perception.training.inspection.wire import Message
import numpy as np
from numpy.typing import NDArray

T = TypeVar('T')
VALUE = 'value'
ARRAY = '__array__'
MIN_COLUMN = 64
COLUMNS = (int, float)


def to_message(value: Any) -> Message:
    """
    Write a message that holds one value.

    :param value: of JSON's types, dataclasses, enumerations, tuples and arrays, nested
    """
    arrays: list[NDArray[Any]] = []
    return Message({VALUE: to_plain(value, arrays)}, tuple(arrays))


def from_message(kind: Any, message: Message, name: str = 'the answer') -> Any:
    """
    Read what :func:`to_message` has written.

    :param kind: type of the value
    :raises ValueError: if it is not of the type
    """
    return _build(kind, _with_arrays(message.values.get(VALUE), message.arrays), name)


def to_plain(value: Any, arrays: list[NDArray[Any]] | None = None) -> Any:
    """
    Convert dataclasses, enumerations and tuples to JSON's types.

    :param arrays: arrays, and long lists of numbers of one type, are appended to it, and replaced
        by their number; None: there are no arrays
    """
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_plain(getattr(value, field.name), arrays) for field in fields(value)
        }
    if isinstance(value, dict):
        return {str(key): to_plain(item, arrays) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        if arrays is None or len(value) < MIN_COLUMN or type(value[0]) not in COLUMNS:
            return [to_plain(item, arrays) for item in value]
        # Curves have thousands of points.
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        if arrays is None:
            raise ValueError('arrays cannot be JSON')
        arrays.append(value)
        return {ARRAY: len(arrays) - 1}
    return value.item() if isinstance(value, np.generic) else value


def from_plain(kind: type[T], value: Any, name: str = '') -> T:
    """
    Build a value of a type.

    :param kind: a dataclass, whose fields may be dataclasses, enumerations, tuples, dictionaries,
        arrays and JSON's types
    :param value: of JSON's types, and arrays
    :param name: of the value, for messages
    :raises ValueError: if the value is not of the type
    """
    return cast(T, _build(kind, value, name or kind.__name__))


def _with_arrays(value: Any, arrays: Sequence[NDArray[Any]]) -> Any:
    if isinstance(value, list):
        return [_with_arrays(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() != {ARRAY}:
        return {key: _with_arrays(item, arrays) for key, item in value.items()}
    number = value[ARRAY]
    if type(number) is not int or not 0 <= number < len(arrays):
        raise ValueError('the message lacks an array')
    return arrays[number]


def _build(kind: Any, value: Any, name: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if is_dataclass(kind):
        return _record(kind, value, name)
    if origin in (Union, types.UnionType):
        other = next(each for each in arguments if each is not type(None))
        return None if value is None else _build(other, value, name)
    if origin in (tuple, list, Sequence):
        if isinstance(value, np.ndarray) and value.ndim == 1:
            value = value.tolist()
        if not isinstance(value, list):
            raise ValueError(f'{name} must be a list, got {_shown(value)}')
        return tuple(_build(arguments[0], item, name) for item in value)
    if origin is dict:
        if not isinstance(value, dict):
            raise ValueError(f'{name} must be an object, got {_shown(value)}')
        return {key: _build(arguments[1], item, f'{name} {key}') for key, item in value.items()}
    if origin is np.ndarray:
        return _array(np.dtype(get_args(arguments[1])[0]), value, name)
    return _scalar(kind, value, name)


def _record(kind: Any, value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f'{name} must be an object, got {_shown(value)}')
    known = {field.name: field for field in fields(kind) if field.init}
    if unknown := sorted(value.keys() - known.keys()):
        raise ValueError(f'{name} has no {quoted(unknown[0])}; it has {", ".join(known)}')
    for field in known.values():
        needed = field.default is MISSING and field.default_factory is MISSING
        if needed and field.name not in value:
            raise ValueError(f'{name} lacks {field.name}')
    hints = _hints(kind)
    return kind(**{key: _build(hints[key], item, key) for key, item in value.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _array(dtype: np.dtype[Any], value: Any, name: str) -> Any:
    if not isinstance(value, np.ndarray) or value.dtype != dtype:
        raise ValueError(f'{name} must be an array of {dtype}')
    return value


def _scalar(kind: Any, value: Any, name: str) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError as error:
            known = ', '.join(str(each.value) for each in kind)
            raise ValueError(f'{name} must be one of {known}, got {_shown(value)}') from error
    if kind is float and type(value) in (int, float):
        return float(value)
    if kind is bytes and isinstance(value, np.ndarray) and value.dtype == np.uint8:
        return value.tobytes()
    if type(value) is not kind:
        wanted = {str: 'a text', int: 'a whole number', float: 'a number', bool: 'true or false'}
        raise ValueError(f'{name} must be {wanted.get(kind, kind)}, got {_shown(value)}')
    return value


def _shown(value: Any) -> str:
    return 'an array' if isinstance(value, np.ndarray) else quoted(str(value)[:80])
