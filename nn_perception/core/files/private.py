"""
Private files and folders: only their owner can read them, whatever the umask.

Camera frames, what was computed from them and what was trained on them are nobody else's business.
What others can write is not trusted.
"""

from __future__ import annotations

import os
from pathlib import Path
import stat

FILE_MODE = 0o600
FOLDER_MODE = 0o700
OTHERS_CAN_WRITE = stat.S_IWGRP | stat.S_IWOTH
ROOT = 0


def open_privately(path: str | Path, flags: int) -> int:
    """Open a file, for ``open(..., opener=open_privately)``; a new one is private."""
    return os.open(path, flags, FILE_MODE)


def check_trusted(path: Path) -> None:
    """
    Check that nobody else can change a file or a folder.

    :raises PermissionError: if others can write to it, or it belongs to another user; with a
        sentence that says how to change that
    :raises OSError: if it does not exist
    """
    status = os.stat(path)
    if status.st_uid not in (os.geteuid(), ROOT):
        raise PermissionError(
            f'{path} belongs to another user (with the number {status.st_uid}), who can change it'
        )
    if status.st_mode & OTHERS_CAN_WRITE:
        raise PermissionError(f"others can write to {path}: 'chmod go-w {path}' prevents that")
