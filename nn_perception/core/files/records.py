"""
Records with a checksum (CRC-32), and a journal of them.

A record that a power cut damaged is recognised. The journal holds the finished steps of long work,
which resumes after any interruption.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import json
import os
from pathlib import Path
import time
from typing import Any
import zlib

from nn_perception.core.files.locks import try_lock_stream

CHECKSUM_BYTES = 4
# A power cut loses at most the entries of this span; the end of the process loses none.
SYNC_S = 1.0


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


class Journal:
    """
    A file of entries, one per line, each with a checksum; one process at a time has it open.

    What a power cut damaged is cut off.

    :param path: the file; created if missing
    :param identity: what the entries depend on; must equal that of an existing file
    :raises BlockingIOError: if another process has it open
    :raises ValueError: if the file belongs to other work
    :raises OSError: if it cannot be written
    """

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        self._path = path
        self._count = 0
        self._stream = open(path, 'ab+')  # noqa: SIM115 - open as long as the journal is
        try:
            self._lock()
            self._resume(identity)
        except BaseException:
            self._stream.close()
            raise
        self._synced_s = time.monotonic()

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, entry: dict[str, Any]) -> None:
        """
        Write the next entry.

        :raises OSError: if it cannot be written
        """
        self._stream.write(encode_line(entry))
        # To the operating system at once, and to the disk from time to time.
        self._stream.flush()
        self._count += 1
        if time.monotonic() - self._synced_s >= SYNC_S:
            self.sync()

    def sync(self) -> None:
        """Make all entries durable."""
        os.fsync(self._stream.fileno())
        self._synced_s = time.monotonic()

    def entries(self) -> Iterator[dict[str, Any]]:
        """Read the entries, oldest first."""
        lines = read_lines(self._path)
        next(lines)
        for entry, _ in lines:
            yield entry

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            self.sync()
        self._stream.close()

    def _lock(self) -> None:
        try:
            try_lock_stream(self._stream)
        except BlockingIOError as error:
            raise BlockingIOError(f'another process is working in {self._path.parent}') from error
        except OSError:
            # A file system without locks is no reason to stop.
            return

    def _resume(self, identity: dict[str, Any]) -> None:
        """Find the end of the last intact entry; begin where there is none."""
        good, first = 0, True
        for entry, end in read_lines(self._path):
            if first and entry != json.loads(json.dumps(identity)):
                raise ValueError(
                    f'{self._path.parent} holds the unfinished work of another bag, or with '
                    'other options: finish that, or delete the folder'
                )
            self._count += not first
            good, first = end, False
        self._stream.truncate(good)
        if first:
            self._stream.write(encode_line(identity))
        self._stream.flush()
        self.sync()
