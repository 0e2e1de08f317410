"""Who may read and write a data set: locks that go with the process, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import fcntl
import logging
import os
from pathlib import Path

LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def shared_lock(path: Path) -> Iterator[None]:
    """
    Hold a lock together with other readers; wait while a writer has it.

    Without a lock file there is no writer, and a file system without locks is no reason not to
    read.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stream = stack.enter_context(open(path, 'rb'))
            fcntl.flock(stream, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def sole_lock(path: Path, what: str) -> Iterator[None]:
    """
    Hold a lock that nobody else may have; do not wait for it.

    :param what: what is locked, for the message
    :raises BlockingIOError: if another process has it, or this one has it already
    :raises OSError: if the lock file cannot be created
    """
    with open(path, 'ab+', buffering=0) as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            owner = stream.read().decode('ascii', 'replace')
            raise BlockingIOError(f'{what} is open for writing already, in {owner}') from error
        except OSError as error:
            LOG.warning('%s cannot be locked (%s): let one process write', what, error.strerror)
        with contextlib.suppress(OSError):  # on a full disk; it is only for the message
            stream.truncate(0)
            stream.write(f'process {os.getpid()}'.encode('ascii'))
        yield
