"""The folders that the package uses, by the conventions of the platform."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path

import nn_perception
from nn_perception.core.files.atomic import sync_folder
from nn_perception.core.files.private import check_trusted, FOLDER_MODE
import platformdirs

APPLICATION = 'nn_perception'
# What ships with the package.
WEIGHTS_FOLDER = Path(nn_perception.__file__).with_name('weights')
SAMPLES_FOLDER = Path(nn_perception.__file__).with_name('samples')


def cache_folder() -> Path:
    """
    Name the folder for what can be made again, without creating it.

    It is ``$NN_PERCEPTION_CACHE``, else ``$XDG_CACHE_HOME/nn_perception``, else
    ``~/.cache/nn_perception``.
    """
    return _folder('NN_PERCEPTION_CACHE', platformdirs.user_cache_path)


def data_folder() -> Path:
    """
    Name the folder for frames and fine-tuned models, without creating it.

    It is ``$NN_PERCEPTION_DATA``, else ``$XDG_DATA_HOME/nn_perception``, else
    ``~/.local/share/nn_perception``.
    """
    return _folder('NN_PERCEPTION_DATA', platformdirs.user_data_path)


def folder_of(kind: str, chosen: str | Path = '') -> Path:
    """
    Name a folder below the data folder, without creating it.

    :param kind: ``datasets`` or ``models``
    :param chosen: a folder that the user names instead; empty: none
    """
    return Path(chosen).expanduser().absolute() if str(chosen) else data_folder() / kind


def make_folders(folder: Path) -> None:
    """
    Create a folder and its parents where they are missing, each readable by this user only.

    They are on the disk when the call returns. A folder that exists keeps its mode: somebody has
    chosen it.

    :raises OSError: if one cannot be created
    """
    if folder.is_dir():
        return
    if not folder.parent.exists():
        make_folders(folder.parent)
    folder.mkdir(FOLDER_MODE, exist_ok=True)  # another process may create it at the same time
    sync_folder(folder.parent)


def trusted_folder(folder: Path) -> None:
    """
    Create a private folder, or check that nobody else can change an existing one.

    :raises PermissionError: see :func:`nn_perception.core.files.private.check_trusted`
    :raises OSError: if it cannot be created
    """
    make_folders(folder)
    check_trusted(folder)


def _folder(variable: str, by_convention: Callable[[str], Path]) -> Path:
    chosen = os.environ.get(variable)
    folder = Path(chosen) if chosen else by_convention(APPLICATION)
    return folder.expanduser().absolute()
