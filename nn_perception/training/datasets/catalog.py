"""The datasets in a folder: list, rename and delete them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from nn_perception.core.files.atomic import sync_folder
from nn_perception.core.files.locks import writer_lock
from nn_perception.core.files.names import checked_name
from nn_perception.core.quoting import quoted
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import (
    LOCK,
    MANIFEST,
    medium_in,
    WRITER_LOCK,
)
from nn_perception.training.datasets.media.pictures import IMAGES


def dataset_names(root: Path) -> list[str]:
    """List the datasets in a folder, sorted; empty if the folder does not exist."""
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if path.is_dir() and _is_name(path.name))


def dataset_folder(root: Path, name: str) -> Path:
    """
    Return the folder of an existing dataset.

    :param name: its exact name
    :raises ValueError: if there is no such dataset
    """
    name, names = checked_name(name, 'dataset'), dataset_names(root)
    if name not in names:
        known = ', '.join(names) or 'none'
        raise ValueError(f'{root} has no dataset {quoted(name)}; its datasets are: {known}')
    return root / name


def _own_folder(root: Path, name: str) -> Path:
    """Return the folder of a dataset that this package has written; ValueError for any other."""
    folder = dataset_folder(root, name)
    marks = (WRITER_LOCK, MANIFEST)
    if any(folder.iterdir()) and not any((folder / mark).is_file() for mark in marks):
        raise ValueError(f'{folder} was not written by nn_perception, which leaves it as it is')
    return folder


def open_existing(root: Path, name: str) -> Dataset:
    """
    Open a dataset for writing, of pictures or of sounds, whichever it holds.

    :param name: its exact name
    :raises ValueError: if there is no such dataset
    :raises OSError: if the folder cannot be written, or another process has it open
    """
    folder = dataset_folder(root, name)
    return Dataset.open(root, folder.name, medium=medium_in(folder) or IMAGES)


def rename_dataset(root: Path, name: str, new_name: str) -> Path:
    """
    Rename a dataset, atomically.

    :returns: its new folder
    :raises ValueError: if there is no such dataset, or the new name is not allowed or exists
    :raises OSError: if the folder cannot be renamed, or a process has the dataset open
    """
    folder = _own_folder(root, name)
    target = root / checked_name(new_name, 'dataset')
    # A file system that ignores case finds the old folder under the new name.
    if target.exists() and (target.name == folder.name or not target.samefile(folder)):
        raise ValueError(f'{target} already exists')
    with writer_lock(folder / WRITER_LOCK, f'the dataset {folder}'):
        os.rename(folder, target)
        sync_folder(root)
    return target


def delete_dataset(root: Path, name: str) -> tuple[int, list[Path]]:
    """
    Delete a dataset: its frames, its manifest and its folder.

    Files that are not part of a dataset stay, and so does their folder.

    :returns: number of deleted frames, and the files and folders that stay
    :raises ValueError: if there is no such dataset
    :raises OSError: if a file cannot be deleted, or a process has the dataset open
    """
    folder = _own_folder(root, name)
    with open_existing(root, name) as dataset:
        count = sum(dataset.delete(label) for label in dataset.counts())
        for file in (MANIFEST, LOCK, WRITER_LOCK):
            (folder / file).unlink(missing_ok=True)
        for path in (*folder.iterdir(), folder):
            if path.is_dir() and not path.is_symlink():
                with contextlib.suppress(OSError):  # other files are in it
                    path.rmdir()
        left = sorted(folder.iterdir()) if folder.exists() else []
        sync_folder(root)
    return count, left


def _is_name(text: str) -> bool:
    try:
        return checked_name(text, 'dataset') == text
    except ValueError:
        return False
