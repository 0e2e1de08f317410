"""
The header of a safetensors file: validation, and a reproducible order.

The file may come from a stranger. Its header is small, and everything in it has the type and the
range that others rely on; else there is a sentence that says what is wrong.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
import re
from typing import Any

from nn_perception.core.files.untrusted import open_regular, parse_json
from nn_perception.core.quoting import quoted

# The largest that is in use, with 22,000 labels, has 1 MB. JSON needs up to 30 times its size.
HEADER_LIMIT = 4_000_000
PICKLE_STARTS = (b'PK\x03\x04', b'\x80\x02', b'\x80\x03', b'\x80\x04', b'\x80\x05')
METADATA = '__metadata__'
# Those of numpy.
ITEM_BYTES = {
    **dict.fromkeys(('BOOL', 'U8', 'I8'), 1),
    **dict.fromkeys(('U16', 'I16', 'F16'), 2),
    **dict.fromkeys(('U32', 'I32', 'F32'), 4),
    **dict.fromkeys(('U64', 'I64', 'F64'), 8),
}
# The names that networks give; no path, no control character, nothing that a terminal lacks.
NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_.:-]{0,255}')
MAX_DIMENSIONS = 16


def read_safetensors(path: Path) -> tuple[bytes, dict[str, Any]]:
    """
    Read a safetensors file; one that is not complete is not read beyond its header.

    :returns: its content, and its header, see :func:`read_header`
    :raises OSError: if it cannot be read
    :raises ValueError: if it is not a safetensors file, or not complete
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        start = stream.read(8)
        start += stream.read(min(int.from_bytes(start, 'little'), HEADER_LIMIT))
        header = read_header(start, size)
        stream.seek(0)
        content = stream.read(size)
    if len(content) != size or not content.startswith(start):
        raise ValueError('it changed while it was being read')
    return content, header


def read_header(content: bytes, size: int | None = None) -> dict[str, Any]:
    """
    Parse and check the header of a safetensors file, without reading the weights.

    :param content: the whole file, or its start with the header
    :param size: size of the file in bytes; by default that of the content
    :returns: name of each tensor -> its dtype, shape and offsets; ``__metadata__`` -> strings
    :raises ValueError: if it is not a safetensors file, for example a pickle, or not complete
    """
    size = len(content) if size is None else size
    if not content:
        raise ValueError('the file is empty')
    if content.startswith(PICKLE_STARTS):
        raise ValueError(
            'it is a pickle (a .pth or .pt file), which could run code when it is loaded; convert '
            'it to safetensors first'
        )
    length = int.from_bytes(content[:8], 'little')
    if len(content) < 8 or length < 2 or content[8:9] != b'{':
        raise ValueError('it is not a safetensors file')
    if size < 8 + length:
        raise ValueError('it is truncated within its header')
    if length > HEADER_LIMIT:
        raise ValueError(f'its header has {length} bytes; allowed are {HEADER_LIMIT}')
    header = _parse(content[8 : 8 + length])
    expected = 8 + length + _check_tensors(header)
    if size != expected:
        state = 'truncated' if size < expected else 'too long'
        raise ValueError(f'it is {state}: {expected} bytes expected, {size} found')
    if expected == 8 + length:
        raise ValueError('it holds no weights')
    return header


def in_fixed_order(content: bytes) -> tuple[bytes, memoryview]:
    """
    Sort the metadata, which safetensors writes in random order, so that hashes repeat.

    :returns: the new start of the content, and the rest, which may be large and is not copied
    """
    end = 8 + int.from_bytes(content[:8], 'little')
    header = json.loads(content[8:end])
    header[METADATA] = dict(sorted(header[METADATA].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)  # tensors start at a multiple of eight bytes
    return len(text).to_bytes(8, 'little') + text, memoryview(content)[end:]


def _parse(text: bytes) -> dict[str, Any]:
    try:
        header = parse_json(text)
    except ValueError as error:
        raise ValueError(f'its header is damaged ({error})') from error
    if not isinstance(header, dict):
        raise ValueError('its header is not an object')
    return header


def _check_tensors(header: dict[str, Any]) -> int:
    """
    Check the entries of a header.

    :returns: number of bytes of all tensors together
    """
    metadata = header.get(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError('its metadata are not texts by name')
    spans = sorted(_span(name, entry) for name, entry in header.items() if name != METADATA)
    end = 0
    for first, last in spans:
        if first != end:
            raise ValueError('its header is damaged (tensors overlap, or there is a gap)')
        end = last
    return end


def _span(name: str, entry: Any) -> tuple[int, int]:
    """Return where the values of a tensor begin and end; ValueError if its entry is invalid."""
    if not NAME.fullmatch(name):
        raise ValueError(f'its header is damaged ({quoted(name)} is not the name of a tensor)')
    fault = f'its header is damaged (the entry of {quoted(name)} is not that of a tensor)'
    if not isinstance(entry, dict):
        raise ValueError(fault)
    shape, offsets = _sizes(entry.get('shape')), _sizes(entry.get('data_offsets'))
    if shape is None or offsets is None or len(offsets) != 2:
        raise ValueError(fault)
    dtype = str(entry.get('dtype'))
    size = ITEM_BYTES.get(dtype)
    if size is None:
        known = ', '.join(ITEM_BYTES)
        raise ValueError(f'{quoted(name)} has the type {quoted(dtype)}; usable are {known}')
    if offsets[0] + math.prod(shape) * size != offsets[1]:
        raise ValueError(f'its header is damaged (shape and size of {quoted(name)} disagree)')
    return offsets[0], offsets[1]


def _sizes(values: Any) -> list[int] | None:
    """Return a list of a few numbers that are 0 or more; None if it is something else."""
    if not isinstance(values, list) or len(values) > MAX_DIMENSIONS:
        return None
    return values if all(type(value) is int and value >= 0 for value in values) else None
