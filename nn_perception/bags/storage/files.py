"""Open the files of bags: regular ones only, since reading a pipe or device may never end."""

from __future__ import annotations

import os
from pathlib import Path
import stat
from typing import BinaryIO


class BagError(ValueError):
    """A bag that cannot be used; the message is the reason, without the path of the bag."""


def check_regular(path: Path) -> None:
    """
    Check that a path is a file, directly or by a symbolic link.

    :raises BagError: if it is a folder, pipe, socket or device
    :raises OSError: if it does not exist
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise BagError(f'{path.name} is not a regular file')


def open_regular(path: Path) -> BinaryIO:
    """
    Open a file for reading, without waiting for the other end of a pipe.

    :raises BagError: if it is a folder, pipe, socket or device
    :raises OSError: if it cannot be opened
    """
    check_regular(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        # It may have been replaced in the meantime.
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BagError(f'{path.name} is not a regular file')
        return os.fdopen(descriptor, 'rb')
    except BaseException:
        os.close(descriptor)
        raise
