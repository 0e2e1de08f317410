"""
Run modules of this package in processes of their own.

A child imports what this process can import, and never from the current folder, see
:mod:`nn_perception.core.import_path`. Python's option ``-I`` would do that too, but it ignores
``PYTHONPATH``, by which ROS is found, and ``-P`` needs Python 3.11.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import subprocess
import sys

from nn_perception.core.files.folders import cache_folder, data_folder
from nn_perception.core.import_path import other_folders, PACKAGE_ROOT

# With ``-c`` Python looks in the current folder, whose entry is empty, before all others. It adds
# the entry only after its own start, so nothing has been imported from there yet.
WITHOUT_CURRENT_FOLDER = 'import sys; sys.path[:] = [entry for entry in sys.path if entry]'
RUN_MODULE = 'import runpy; runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)'


class SubprocessError(RuntimeError):
    """
    A subprocess failed.

    :param reason: the last line of its standard error
    :param status: its exit status
    """

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


def python_command(code: str, arguments: Sequence[str] = ()) -> list[str]:
    """
    Build the command that runs code with the Python of this process.

    :param code: finds its arguments in ``sys.argv[1:]``; ``sys`` is imported already
    """
    return [sys.executable, '-c', f'{WITHOUT_CURRENT_FOLDER}; {code}', *arguments]


def module_command(module: str, arguments: Sequence[str] = ()) -> list[str]:
    """Build the command that runs a module as ``python -m`` does, with its arguments."""
    return python_command(RUN_MODULE, [module, *arguments])


def subprocess_environment(folder: Path | None = None) -> dict[str, str]:
    """
    Return an environment in which a subprocess can import what this process can import.

    :param folder: private folder for its temporary files; None: as in this process
    """
    environment = dict(
        os.environ,
        PYTHONPATH=os.pathsep.join([str(PACKAGE_ROOT), *other_folders()]),
        # The child has another current folder, where relative paths would have another meaning.
        NN_PERCEPTION_CACHE=str(cache_folder()),
        NN_PERCEPTION_DATA=str(data_folder()),
    )
    if folder is not None:
        environment['TMPDIR'] = str(folder)
    # Next to other busy processes, busy-waiting threads make torch fifty times slower.
    environment.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
    return environment


def run_subprocess(module: str, arguments: list[str], folder: Path) -> str:
    """
    Run a module of this package with the Python of this process, and wait for it.

    :param folder: working folder, also for temporary files; must exist
    :returns: the last line of its standard output
    :raises SubprocessError: if its exit status is not 0
    """
    finished = subprocess.run(
        module_command(module, arguments),
        cwd=folder,
        env=subprocess_environment(folder),
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
