"""
The steps in which the files of a dataset change; but for the first, the caller holds its lock.

A process may be killed between any two of them: whatever is on the disk then, opening the dataset
finds every picture and what was known about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import contextlib
from pathlib import Path

from nn_perception.core.files.atomic import (
    append_whole,
    removed_on_failure,
    sync_folder,
    write_atomically,
)
from nn_perception.core.files.folders import make_folders
from nn_perception.core.files.locks import lock
from nn_perception.training.datasets.labelled_frames import (
    LabelledFrame,
    LOCK,
    MANIFEST,
    manifest_of,
)

# Left behind by a process that was killed while it wrote: the final name and random letters.
LEFTOVERS = (
    f'.{MANIFEST}.????????',
    '*/.[0-9]*_[0-9]*.png.????????',
    '*/.[0-9]*_[0-9]*.wav.????????',
)


def remove_leftovers(folder: Path) -> list[Path]:
    """Remove files that are only partly written, and return them."""
    leftovers = sorted(path for end in LEFTOVERS for path in folder.glob(end))
    for path in leftovers:
        path.unlink()
    return leftovers


def store_frame(folder: Path, frame: LabelledFrame, content: bytes) -> None:
    """Write the file of a frame, then its line; if one fails, nothing is left behind."""
    with lock(folder / LOCK), removed_on_failure(frame.path):
        make_folders(frame.path.parent)
        write_atomically(frame.path, content)
        append_whole(folder / MANIFEST, frame.manifest_line().encode())


def write_manifest(folder: Path, frames: Sequence[LabelledFrame]) -> None:
    """Replace the manifest."""
    write_atomically(folder / MANIFEST, manifest_of(frames))


def remove_pictures(
    frames: Sequence[LabelledFrame], on_removed: Callable[[LabelledFrame], None]
) -> None:
    """
    Remove pictures, and the folders that are empty then; their lines stay in the manifest.

    In the other order, a picture could be left without a line, and would be added again.
    """
    folders = set()
    try:
        for frame in frames:
            frame.path.unlink(missing_ok=True)
            folders.add(frame.path.parent)
            on_removed(frame)
    finally:
        for folder in folders:
            sync_folder(folder)
            with contextlib.suppress(OSError):  # other frames are in it
                folder.rmdir()


def rename_label_folder(
    source: Path, target: Path, before: Sequence[LabelledFrame], after: Sequence[LabelledFrame]
) -> None:
    """
    Rename the folder of a label.

    In between, the manifest has the lines for both names. So one of them is right whenever the
    process ends, and the frames keep their order and their topics.

    :param before: all frames
    :param after: all frames, in the same order, as they are afterwards
    """
    folder = source.parent
    pairs = zip(before, after, strict=True)
    write_manifest(folder, tuple(dict.fromkeys(frame for pair in pairs for frame in pair)))
    try:
        source.rename(target)
    except OSError:
        write_manifest(folder, before)
        raise
    sync_folder(folder)
