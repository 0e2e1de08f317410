"""Files that are whole or absent: the cache folder, atomic writing, locks between processes."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import errno
import fcntl
import os
from pathlib import Path
import tempfile
from typing import BinaryIO


def cache_folder() -> Path:
    """
    Name the folder for what can be made again, without creating it.

    It is ``$NN_PERCEPTION_CACHE``, else ``$XDG_CACHE_HOME/nn_perception``, else
    ``~/.cache/nn_perception``.
    """
    own = os.environ.get('NN_PERCEPTION_CACHE')
    if own:
        return Path(own).expanduser().absolute()
    xdg = os.environ.get('XDG_CACHE_HOME')
    base = Path(xdg) if xdg and Path(xdg).is_absolute() else Path('~/.cache').expanduser()
    return base.absolute() / 'nn_perception'


def data_folder() -> Path:
    """
    Name the folder for what cannot be made again, without creating it: frames, taught models.

    It is ``$NN_PERCEPTION_DATA``, else ``$XDG_DATA_HOME/nn_perception``, else
    ``~/.local/share/nn_perception``.
    """
    own = os.environ.get('NN_PERCEPTION_DATA')
    if own:
        return Path(own).expanduser().absolute()
    xdg = os.environ.get('XDG_DATA_HOME')
    base = Path(xdg) if xdg and Path(xdg).is_absolute() else Path('~/.local/share').expanduser()
    return base.absolute() / 'nn_perception'


def folder_of(kind: str, given: str | Path = '') -> Path:
    """
    Name a folder of what cannot be made again, without creating it.

    :param kind: ``datasets`` or ``models``, below the data folder
    :param given: what the user says instead; empty: nothing
    """
    return Path(given).expanduser().absolute() if str(given) else data_folder() / kind


def write_atomically(path: Path, content: bytes) -> None:
    """
    Write a file so that its name never shows a part of it, not even after a power cut.

    :raises OSError: if the folder cannot be written; nothing is left behind
    """
    with atomic_stream(path) as stream:
        stream.write(content)


@contextlib.contextmanager
def atomic_stream(path: Path) -> Iterator[BinaryIO]:
    """
    Open a file for writing that gets its name when the block ends well, as a whole.

    :raises OSError: if the folder cannot be written; nothing is left behind, nor is if the block
        raises
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f'.{path.name}.', dir=path.parent)
    try:
        with os.fdopen(descriptor, 'wb') as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename last; some file systems cannot, and then it is as good as it gets."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """
    Hold a lock that one process at a time can have; wait for it.

    The lock file stays, since removing it while another process waits would give two owners. A
    file system without locks is no reason to stop: writing is atomic either way.

    :raises OSError: if the lock file cannot be created
    """
    with open(path, 'a', encoding='ascii') as stream:
        with contextlib.suppress(OSError):
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def append_whole(path: Path, line: bytes) -> None:
    """
    Put a line at the end of a file, whole or not at all; it is on the disk afterwards.

    :raises OSError: if it cannot be written; the file is as it was
    """
    with open(path, 'ab', buffering=0) as stream:
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
