"""Work that needs torch, done in a process of its own, so that this one stays small."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys

PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class SubprocessError(RuntimeError):
    """
    A child process ended with a failure.

    :param reason: the last line that it wrote on standard error
    :param status: its exit status
    """

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


def subprocess_environment() -> dict[str, str]:
    """Give the environment in which a child process finds what this one can import."""
    inherited = [os.path.abspath(entry) for entry in sys.path if entry]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(PACKAGE_ROOT), *inherited]))
    # Beside a robot's other processes active waiting makes torch fifty times slower.
    environment.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
    return environment


def run_subprocess(module: str, arguments: list[str], folder: Path) -> str:
    """
    Run one of this package's modules with the Python of this process, and wait.

    :param folder: an existing folder to run in, which must hold nothing that could be imported by
        mistake
    :returns: the last line that the child wrote on standard output
    :raises SubprocessError: if it did not end with status 0
    """
    finished = subprocess.run(
        [sys.executable, '-m', module, *arguments],
        cwd=folder,
        env=subprocess_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors='replace',
        check=False,
    )
    if finished.returncode != 0:
        reason = _last_line(finished.stderr)
        if finished.returncode < 0:
            reason = f'ended by signal {-finished.returncode}, perhaps for want of memory'
        raise SubprocessError(reason or 'no reason given', finished.returncode)
    return _last_line(finished.stdout)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ''
