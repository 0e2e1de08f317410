"""
Locks between processes.

They are released when their process ends, however it ends. A file system without locks is no
reason to stop: what they guard is written atomically.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import fcntl
import logging
import os
from pathlib import Path
from typing import Any, IO

from nn_perception.core.files.private import open_privately

LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """
    Hold a lock that one process at a time can have; wait for it.

    The lock file stays: removing it while another process waits would give two owners.

    :raises OSError: if the lock file cannot be created
    """
    with open(path, 'a', encoding='ascii', opener=open_privately) as stream:
        lock_stream(stream)
        yield


@contextlib.contextmanager
def shared_lock(path: Path) -> Iterator[None]:
    """
    Hold a lock together with other readers; wait while a writer has it.

    Without a lock file there is no writer.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stream = stack.enter_context(open(path, 'rb'))
            fcntl.flock(stream, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def writer_lock(path: Path, what: str) -> Iterator[None]:
    """
    Hold the lock of the only writer; do not wait for it.

    :param what: what is locked, for the message
    :raises BlockingIOError: if another process has it, or this one has it already
    :raises OSError: if the lock file cannot be created
    """
    with open(path, 'ab+', buffering=0, opener=open_privately) as stream:
        try:
            try_lock_stream(stream)
        except BlockingIOError as error:
            stream.seek(0)
            owner = stream.read().decode('ascii', 'replace')
            raise BlockingIOError(f'{what} is already open for writing in {owner}') from error
        except OSError as error:
            LOG.warning('%s cannot be locked (%s): let one process write', what, error.strerror)
        with contextlib.suppress(OSError):  # on a full disk; it is only for the message
            stream.truncate(0)
            stream.write(f'process {os.getpid()}'.encode('ascii'))
        yield


def lock_stream(stream: IO[Any] | int) -> None:
    """Lock an open file, or a folder by its descriptor, until it is closed; wait for it."""
    with contextlib.suppress(OSError):
        fcntl.flock(stream, fcntl.LOCK_EX)


def try_lock_stream(stream: IO[Any] | int) -> None:
    """
    Lock an open file, or a folder by its descriptor, until it is closed; do not wait for it.

    :raises BlockingIOError: if another process has it, or this one has it already
    :raises OSError: if the file system has no locks
    """
    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
