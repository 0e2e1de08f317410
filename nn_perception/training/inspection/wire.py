"""
Messages between processes: values as JSON, and arrays as their bytes.

A message is the length of its JSON as four bytes, the JSON, and the arrays, each at a multiple of
eight bytes. The JSON is ``{"values": {...}, "arrays": [[type, shape], ...]}``. Nothing in it can
run code, unlike a pickle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
import math
import struct
from typing import Any

from nn_perception.core.files.untrusted import parse_json
import numpy as np
from numpy.typing import NDArray

# A photograph of 20 megapixels; all layers of a large network in 8 bits.
MAX_REQUEST_BYTES = 64 << 20
MAX_REPLY_BYTES = 512 << 20
MAX_JSON_BYTES = 8 << 20
MAX_ARRAYS = 10_000
MAX_AXES = 8
ALIGNMENT = 8
LENGTH = struct.Struct('<I')

TYPES = ('|u1', '<i4', '<i8', '<f4', '<f8')


@dataclass(frozen=True)
class Message:
    """
    A request or a reply.

    :param values: what JSON can hold, without numbers that are not finite
    :param arrays: uint8, int32, int64, float32 or float64, of any shape
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: tuple[NDArray[Any], ...] = ()


def encode(message: Message) -> bytes:
    """
    Write a message.

    :raises ValueError: if it holds what cannot be sent
    """
    arrays = [np.ascontiguousarray(array) for array in message.arrays]
    # An array without axes gets one from ascontiguousarray.
    shapes = [array.shape for array in message.arrays]
    if any(array.dtype.str not in TYPES for array in arrays):
        raise ValueError(f'an array is none of {", ".join(TYPES)}')
    described = [[array.dtype.str, shape] for array, shape in zip(arrays, shapes, strict=True)]
    header = json.dumps(
        {'values': message.values, 'arrays': described}, allow_nan=False, separators=(',', ':')
    ).encode()
    header += b' ' * (-(len(header) + LENGTH.size) % ALIGNMENT)
    parts: list[bytes | memoryview] = [LENGTH.pack(len(header)), header]
    for array in arrays:
        parts += [array.reshape(-1).view(np.uint8).data, bytes(-array.nbytes % ALIGNMENT)]
    return b''.join(parts)


def decode(content: bytes) -> Message:
    """
    Read a message; its arrays are views of it and cannot be written to.

    :raises ValueError: if it is malformed
    """
    if len(content) < LENGTH.size:
        raise ValueError('the message is too short')
    (length,) = LENGTH.unpack_from(content)
    begin = LENGTH.size + length
    if length > MAX_JSON_BYTES or begin > len(content):
        raise ValueError('the message is shorter than it says, or its JSON is too long')
    try:
        header = parse_json(content[LENGTH.size : begin])
    except ValueError as error:
        raise ValueError(f'the message is malformed: {error}') from error
    values, described = _parts(header)
    arrays = []
    for one in described:
        kind, shape = _array_of(one)
        size = math.prod(shape)
        end = begin + size * kind.itemsize
        if end > len(content):
            raise ValueError('the message is shorter than its arrays')
        flat = np.frombuffer(content, kind, size, begin) if size else np.empty(0, kind)
        arrays.append(flat.reshape(shape))
        begin = end + -end % ALIGNMENT
    return Message(values, tuple(arrays))


def _parts(header: Any) -> tuple[dict[str, Any], list[Any]]:
    """Check the JSON of a message, and return its values and its descriptions of arrays."""
    if not isinstance(header, dict):
        raise ValueError('the message is malformed: its JSON is no object')
    values, described = header.get('values'), header.get('arrays')
    if not isinstance(values, dict) or not isinstance(described, list):
        raise ValueError('the message is malformed: it lacks its values or its arrays')
    if len(described) > MAX_ARRAYS:
        raise ValueError(f'the message has more than {MAX_ARRAYS} arrays')
    return values, described


def _array_of(described: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Check the description of an array, and return its type and its shape."""
    if not isinstance(described, list) or len(described) != 2:
        raise ValueError('the message is malformed: an array needs a type and a shape')
    kind, shape = described
    if kind not in TYPES:
        raise ValueError(f'the message is malformed: an array is none of {", ".join(TYPES)}')
    if not isinstance(shape, list) or len(shape) > MAX_AXES:
        raise ValueError(f'the message is malformed: a shape has at most {MAX_AXES} axes')
    if not all(type(side) is int and 0 <= side <= MAX_REPLY_BYTES for side in shape):
        raise ValueError('the message is malformed: a shape has sides that are no sizes')
    return np.dtype(kind), tuple(shape)
