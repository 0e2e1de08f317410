"""Records with a checksum (CRC-32): a record that a power cut damaged is recognised."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any
import zlib

CHECKSUM_BYTES = 4


def encode_line(content: dict[str, Any]) -> bytes:
    """Write a JSON object as a line: its checksum, hexadecimal, a space and the object."""
    text = json.dumps(content).encode()
    return b'%08x %s\n' % (zlib.crc32(text), text)


def read_lines(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """
    Read lines of :func:`encode_line` up to the first one that is damaged.

    :returns: each object, and where its line ends, in bytes
    """
    end = 0
    with open(path, 'rb') as stream:
        for line in stream:
            checksum, _, text = line.rstrip(b'\n').partition(b' ')
            if not line.endswith(b'\n') or checksum != b'%08x' % zlib.crc32(text):
                return
            end += len(line)
            yield json.loads(text), end


def add_checksum(record: bytes) -> bytes:
    """Append the checksum of a binary record, little-endian."""
    return record + zlib.crc32(record).to_bytes(CHECKSUM_BYTES, 'little')


def is_intact(record: bytes) -> bool:
    """Tell whether a record of :func:`add_checksum` is undamaged."""
    content, checksum = record[:-CHECKSUM_BYTES], record[-CHECKSUM_BYTES:]
    return zlib.crc32(content) == int.from_bytes(checksum, 'little')
