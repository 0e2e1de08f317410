"""Which medium a model takes, and a folder holds."""

from __future__ import annotations

from collections.abc import Iterator
import itertools
import json
import os
from pathlib import Path

from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.datasets.media.pictures import IMAGES

# Each line of a manifest names a file; so many bytes are enough for the first one.
MANIFEST_BYTES = 4096
# A folder that somebody names by mistake may be a whole disk.
MAX_SEARCHED = 100_000


def medium_of(checkpoint: Checkpoint) -> Medium:
    """Return the medium of the datasets that a network can be fine-tuned on."""
    return SOUNDS if checkpoint.hears else IMAGES


def medium_named(name: str) -> Medium:
    """Return a medium by its name; pictures, unless it is that of sounds."""
    return SOUNDS if name == SOUNDS.name else IMAGES


def medium_of_file(name: str) -> Medium | None:
    """Return the medium of a file by its name; None if it is neither picture nor sound."""
    suffix = os.path.splitext(name)[1].lower()
    # Both know some kinds of video that they do not read; so first those that are read.
    return next((one for one in (IMAGES, SOUNDS) if suffix in one.suffixes), None)


def medium_of_folder(folder: Path, manifest: str) -> Medium | None:
    """
    Find out what a folder holds: sounds, unless there are pictures.

    :param folder: with one subfolder for each label, or with the files themselves
    :param manifest: name of the manifest, which decides if there is one with a line
    :returns: None if the folder has neither pictures nor sounds, or cannot be read
    """
    try:
        with open(folder / manifest, 'rb') as stream:
            line = stream.read(MANIFEST_BYTES).split(b'\n')[0]
        if (found := medium_of_file(str(json.loads(line)['file']))) is not None:
            return found
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass  # there is no manifest, or nothing is in it
    names = itertools.islice(_file_names(folder), MAX_SEARCHED)
    media = {medium.name: medium for name in names if (medium := medium_of_file(name))}
    return media.get(IMAGES.name) or media.get(SOUNDS.name)


def _file_names(folder: Path) -> Iterator[str]:
    """Yield the names of the files in a folder and in its subfolders, but no deeper."""
    for depth, (_, folders, files) in enumerate(os.walk(folder, followlinks=True)):
        yield from files
        if depth:
            folders.clear()
        folders[:] = [name for name in folders if not name.startswith('.')]
