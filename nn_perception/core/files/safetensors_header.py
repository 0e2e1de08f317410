"""The header of a safetensors file: validation, and a reproducible order."""

from __future__ import annotations

import json
from typing import Any

HEADER_LIMIT = 100_000_000
PICKLE_STARTS = (b'PK\x03\x04', b'\x80\x02', b'\x80\x03', b'\x80\x04', b'\x80\x05')


def read_header(content: bytes) -> dict[str, Any]:
    """
    Parse and check the header of a safetensors file, without reading the weights.

    :param content: the whole file
    :returns: name of each tensor -> its dtype, shape and offsets; ``__metadata__`` -> strings
    :raises ValueError: if it is not a safetensors file, for example a pickle, or not complete
    """
    if not content:
        raise ValueError('the file is empty')
    if content.startswith(PICKLE_STARTS):
        raise ValueError(
            'it is a pickle (a .pth or .pt file), which could run code when it is loaded; convert '
            'it to safetensors first'
        )
    length = int.from_bytes(content[:8], 'little')
    if len(content) < 8 or not 2 <= length <= HEADER_LIMIT or content[8:9] != b'{':
        raise ValueError('it is not a safetensors file')
    if len(content) < 8 + length:
        raise ValueError('it is truncated within its header')
    try:
        header = json.loads(content[8 : 8 + length])
        last = max(
            (int(entry['data_offsets'][1]) for name, entry in header.items() if name[:2] != '__'),
            default=0,
        )
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise ValueError(f'its header is damaged ({error})') from error
    if len(content) != 8 + length + last:
        state = 'truncated' if len(content) < 8 + length + last else 'too long'
        raise ValueError(
            f'it is {state}: {8 + length + last} bytes expected, {len(content)} found'
        )
    if last == 0:
        raise ValueError('it holds no weights')
    return dict(header)


def in_fixed_order(content: bytes) -> bytes:
    """Sort the metadata, which safetensors writes in random order, so that hashes repeat."""
    end = 8 + int.from_bytes(content[:8], 'little')
    header = json.loads(content[8:end])
    header['__metadata__'] = dict(sorted(header['__metadata__'].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)  # tensors start at a multiple of eight bytes
    return len(text).to_bytes(8, 'little') + text + content[end:]
