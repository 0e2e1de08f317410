"""
Atomic file I/O: a file appears as a whole or not at all, even if the power fails.

Files are private: only their owner can read them.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import errno
import os
from pathlib import Path
import tempfile
from typing import BinaryIO

from nn_perception.core.files.private import open_privately


def write_atomically(path: Path, content: bytes) -> None:
    """
    Write a file; its name never refers to a part of the content, not even after a power cut.

    :raises OSError: if the folder cannot be written; nothing is left behind
    """
    with atomic_stream(path) as stream:
        stream.write(content)


@contextlib.contextmanager
def atomic_stream(path: Path) -> Iterator[BinaryIO]:
    """
    Open a file for writing that gets its name when the block ends without an error.

    :raises OSError: if the folder cannot be written; nothing is left behind, nor if the block
        raises
    """
    # Its mode is 0600, whatever the umask.
    descriptor, temporary = tempfile.mkstemp(prefix=f'.{path.name}.', dir=path.parent)
    try:
        with os.fdopen(descriptor, 'wb') as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename durable; file systems that cannot do that are left alone."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def append_whole(path: Path, line: bytes) -> None:
    """
    Append a line to a file as a whole or not at all; afterwards it is on the disk.

    :raises OSError: if it cannot be written; the file is as it was
    """
    with open(path, 'ab', buffering=0, opener=open_privately) as stream:
        size = stream.tell()
        try:
            if stream.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(stream.fileno())
        except BaseException:
            stream.truncate(size)
            raise
    if not size:
        sync_folder(path.parent)


@contextlib.contextmanager
def removed_on_failure(path: Path) -> Iterator[None]:
    """
    Remove a file when a block raises; and its folder, if nothing else is in it.

    :param path: need not exist
    """
    try:
        yield
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        with contextlib.suppress(OSError):  # other files are in it, or it does not exist
            path.parent.rmdir()
        raise
