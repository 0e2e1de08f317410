"""Run work that needs torch in a subprocess, so that this process stays small."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys

PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class SubprocessError(RuntimeError):
    """
    A subprocess failed.

    :param reason: the last line of its standard error
    :param status: its exit status
    """

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


def subprocess_environment() -> dict[str, str]:
    """Return an environment in which a subprocess can import what this process can import."""
    inherited = [os.path.abspath(entry) for entry in sys.path if entry]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(PACKAGE_ROOT), *inherited]))
    # Next to other busy processes, busy-waiting threads make torch fifty times slower.
    environment.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
    return environment


def run_subprocess(module: str, arguments: list[str], folder: Path) -> str:
    """
    Run a module of this package with the Python of this process, and wait for it.

    :param folder: working folder; must exist, and hold nothing that could be imported by mistake
    :returns: the last line of its standard output
    :raises SubprocessError: if its exit status is not 0
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
            reason = f'killed by signal {-finished.returncode}, perhaps because memory ran out'
        raise SubprocessError(reason or 'it wrote no error message', finished.returncode)
    return _last_line(finished.stdout)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ''
