"""What was found so far in a long piece of work, kept so that it can go on after any end."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import fcntl
import json
import os
from pathlib import Path
import time
from typing import Any
import zlib

# So much work is lost at most when the power fails; when only the process ends, none.
SYNC_S = 1.0


class Journal:
    """
    A file of entries, one a line, each with a checksum; only one process has it open.

    What a power cut left behind the last whole line is cut off.

    :param path: the file; made if there is none
    :param identity: decides what the entries are; has to be that of an older file
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
            self._go_on(identity)
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
        self._stream.write(_line(entry))
        # Out of the process at once, and onto the disk now and then.
        self._stream.flush()
        self._count += 1
        if time.monotonic() - self._synced_s >= SYNC_S:
            self.sync()

    def sync(self) -> None:
        """Make all entries last."""
        os.fsync(self._stream.fileno())
        self._synced_s = time.monotonic()

    def entries(self) -> Iterator[dict[str, Any]]:
        """Read the entries, oldest first."""
        lines = _whole_lines(self._path)
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
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(f'another process is at work in {self._path.parent}') from error
        except OSError:
            # A file system without locks is no reason not to work.
            return

    def _go_on(self, identity: dict[str, Any]) -> None:
        """Find the end of what is whole; begin where there is nothing."""
        good, first = 0, True
        for entry, end in _whole_lines(self._path):
            if first and entry != json.loads(json.dumps(identity)):
                raise ValueError(
                    f'{self._path.parent} holds the unfinished work of another bag, or with '
                    'other options: finish that, or delete the folder'
                )
            self._count += not first
            good, first = end, False
        self._stream.truncate(good)
        if first:
            self._stream.write(_line(identity))
        self._stream.flush()
        self.sync()


def _whole_lines(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Read up to the first line that is damaged: what each holds, and where it ends in bytes."""
    end = 0
    with open(path, 'rb') as stream:
        for line in stream:
            checksum, _, text = line.rstrip(b'\n').partition(b' ')
            if not line.endswith(b'\n') or checksum != b'%08x' % zlib.crc32(text):
                return
            end += len(line)
            yield json.loads(text), end


def _line(content: dict[str, Any]) -> bytes:
    text = json.dumps(content).encode()
    return b'%08x %s\n' % (zlib.crc32(text), text)
