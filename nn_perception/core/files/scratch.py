"""Private temporary folders; what a killed process leaves behind is deleted by the next one."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
import shutil
import tempfile

from nn_perception.core.files.locks import lock_stream, try_lock_stream

PREFIX = 'nn_perception-scratch-'


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """
    Provide an empty folder in the temporary folder, and delete it after the ``with`` block.

    :raises OSError: if it cannot be created
    """
    sweep()
    with contextlib.ExitStack() as stack:
        folder = _create(stack)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def sweep() -> None:
    """Delete the scratch folders of this user whose process has ended without deleting them."""
    for folder in Path(tempfile.gettempdir()).glob(f'{PREFIX}*'):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            descriptor = _open(folder, stack)
            if os.fstat(descriptor).st_uid == os.geteuid():
                try_lock_stream(descriptor)
                shutil.rmtree(folder)


def _create(stack: contextlib.ExitStack) -> Path:
    """Create a folder, and lock it until the stack is closed, or the process ends."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        # Another process may sweep it before it is locked.
        with contextlib.suppress(FileNotFoundError):
            descriptor = _open(folder, stack)
            lock_stream(descriptor)
            if os.path.samestat(os.fstat(descriptor), os.stat(folder)):
                return folder


def _open(folder: Path, stack: contextlib.ExitStack) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    stack.callback(os.close, descriptor)
    return descriptor
