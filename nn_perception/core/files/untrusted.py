"""Read small files that may come from a stranger: nothing to wait for, nothing without an end."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
import stat
from typing import Any, BinaryIO

from nn_perception.core.quoting import quoted

MAX_BYTES = 64_000_000
MAX_WHOLE = (1 << 63) - 1


def open_regular(path: Path) -> BinaryIO:
    """
    Open a file for reading.

    :raises ValueError: if it is not a regular file; opening a pipe would wait for its other end
    :raises OSError: if it cannot be opened
    """
    stream = open(path, 'rb', opener=_without_waiting)  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise ValueError('it is not a regular file')
    return stream


def read_regular(path: Path, limit: int = MAX_BYTES) -> bytes:
    """
    Read a file as a whole.

    :param limit: number of bytes
    :raises ValueError: if it is not a regular file, or larger than the limit
    :raises OSError: if it cannot be read
    """
    with open_regular(path) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f'it has more than {limit} bytes')
    return content


def parse_json(text: str | bytes, *, any_text: bool = False) -> Any:
    """
    Parse JSON.

    :param any_text: allow halves of characters, with which Python represents names of files that
        are no text
    :raises ValueError: if it is not JSON, is nested too deeply, or holds a number that is not
        finite or has more than 64 bits, or half a character
    """
    try:
        values = json.loads(
            text, parse_constant=_reject_constant, parse_float=_finite, parse_int=_whole
        )
        if not any_text:
            json.dumps(values, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError('it is nested too deeply') from error
    except UnicodeEncodeError as error:
        raise ValueError('it holds half of a surrogate pair, which is no text') from error
    return values


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _reject_constant(text)


def _whole(text: str) -> int:
    # Converting a long number takes a time that grows with the square of its length.
    if len(text) > len(str(-MAX_WHOLE)) or abs(int(text)) > MAX_WHOLE:
        raise ValueError(f'{quoted(text)} has more than 64 bits')
    return int(text)


def _reject_constant(text: str) -> float:
    raise ValueError(f'{quoted(text)} is not a finite number')


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
