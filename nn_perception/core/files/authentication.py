"""
Authentication codes: they tell files that this user's processes have written from any others.

A code is a keyed hash (HMAC-SHA-256). The key is a random file of the cache folder that only its
owner can read, so nobody else can compute a code, and a file that arrives in the folder by any
other way has none.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
import secrets
import stat

from nn_perception.core.files.atomic import write_atomically
from nn_perception.core.files.folders import trusted_folder
from nn_perception.core.files.locks import lock
from nn_perception.core.files.private import check_trusted, ROOT

KEY_FILE = 'key'
KEY_BYTES = 32
CODE_LENGTH = 32
CHUNK_BYTES = 1 << 20
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Authenticator:
    """
    Compute the authentication codes of files in a cache folder.

    :param folder: the cache folder; created, with its key, if missing
    :raises PermissionError: if others can write to the folder, or read the key
    :raises OSError: if the folder or the key cannot be read or created
    """

    def __init__(self, folder: Path) -> None:
        trusted_folder(folder)
        self._key = _read_key(folder / KEY_FILE) or _create_key(folder / KEY_FILE)

    def code_of_text(self, text: str) -> str:
        """Compute the code of a text; returns hexadecimal digits."""
        return self._new(text).hexdigest()[:CODE_LENGTH]

    def code_of_file(self, path: Path, purpose: str) -> str:
        """
        Compute the code of a file for a purpose; it is another one for another purpose.

        The file is read in chunks: the memory for the whole file would never be returned.

        :returns: hexadecimal digits
        :raises OSError: if the file cannot be read
        """
        code = self._new(purpose)
        with path.open('rb') as stream:
            while chunk := stream.read(CHUNK_BYTES):
                code.update(chunk)
        return code.hexdigest()[:CODE_LENGTH]

    def _new(self, purpose: str) -> hmac.HMAC:
        # Its length comes first, so that no purpose continues in the content.
        text = purpose.encode()
        return hmac.new(self._key, b'%d %s' % (len(text), text), hashlib.sha256)


def codes_match(found: str, expected: str) -> bool:
    """Compare a code that was found with the right one; takes the same time for all texts."""
    return hmac.compare_digest(found.encode(errors='replace'), expected.encode())


def _read_key(path: Path) -> bytes | None:
    """
    Read a key.

    :returns: None if there is none yet, or it is damaged
    :raises PermissionError: if others can read or replace it
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with open(descriptor, 'rb') as stream:
        status = os.fstat(descriptor)
        check_trusted(path)
        if status.st_uid != ROOT and status.st_mode & OTHERS:
            raise PermissionError(f"others can read {path}: 'chmod 600 {path}' prevents that")
        key = stream.read(KEY_BYTES + 1) if stat.S_ISREG(status.st_mode) else b''
    return key if len(key) == KEY_BYTES else None


def _create_key(path: Path) -> bytes:
    with lock(path.with_name(f'{path.name}.lock')):
        # Another process may have created it while this one waited for the lock.
        key = _read_key(path)
        if key is None:
            key = secrets.token_bytes(KEY_BYTES)
            write_atomically(path, key)
    return key
