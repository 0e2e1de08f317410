"""The folders that the package uses, by the conventions of the platform."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path

import nn_perception
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


def _folder(variable: str, by_convention: Callable[[str], Path]) -> Path:
    chosen = os.environ.get(variable)
    folder = Path(chosen) if chosen else by_convention(APPLICATION)
    return folder.expanduser().absolute()
