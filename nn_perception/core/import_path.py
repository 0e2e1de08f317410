"""
Keep the current folder off the path of imports.

A file that happens to be called ``safetensors.py`` where a node or a command is started must not
run in the place of the library. A console script is safe, but Python puts the current folder first
for ``python -m`` and ``python -c``.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
import sys

PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def other_folders() -> list[str]:
    """
    List the absolute paths of imports, without the current folder.

    It stays if it is named in ``PYTHONPATH`` as an absolute path; an empty entry there, which a
    missing variable leaves behind (``PYTHONPATH=$UNSET:/opt``), does not name it.
    """
    here = ''
    with contextlib.suppress(OSError):  # it has been deleted
        here = os.getcwd()
    chosen = os.environ.get('PYTHONPATH', '').split(os.pathsep)
    paths = [os.path.abspath(entry) for entry in sys.path if entry]
    return [path for path in paths if path != here or path in (*chosen, str(PACKAGE_ROOT))]


def forget_current_folder() -> None:
    """Import nothing from the current folder from now on."""
    sys.path[:] = other_folders()
