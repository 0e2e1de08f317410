"""
Open a dataset for writing, and list what is in it.

Opening repairs what a process that was killed has left unfinished.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import logging
from pathlib import Path
import threading
from typing import TypeVar

from nn_perception.core.files.folders import make_folders
from nn_perception.core.files.locks import lock, writer_lock
from nn_perception.core.files.names import checked_label, checked_name
from nn_perception.training.datasets.dataset_files import remove_leftovers, write_manifest
from nn_perception.training.datasets.frame_index import FrameIndex, FramePage
from nn_perception.training.datasets.labelled_frames import (
    LabelledFrame,
    list_frames,
    LOCK,
    medium_in,
    STORED_NAME,
    WRITER_LOCK,
)
from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.datasets.media.pictures import IMAGES

LOG = logging.getLogger(__name__)

Self = TypeVar('Self', bound='WritableFolder')


class WritableFolder:
    """
    The folder of a dataset that is open for writing; threads may share it.

    Reading the frames and their counts never waits for the disk.

    :ivar index: the frames in memory
    :ivar problems: defects that were found on opening, one sentence each
    :param folder: folder of the dataset
    :param quota_bytes: maximum size of all pictures together; 0 for no limit
    :param medium: whether it holds pictures or sounds
    """

    def __init__(self, folder: Path, quota_bytes: int, medium: Medium = IMAGES) -> None:
        self.folder = folder
        self.quota_bytes = quota_bytes
        self.medium = medium
        self.problems: tuple[str, ...] = ()
        self._stack = contextlib.ExitStack()
        self._changes = threading.RLock()
        self.index = FrameIndex(medium)
        self._next_number = 0
        self._closed = False

    @classmethod
    def open(
        cls: type[Self], root: str | Path, name: str, quota_bytes: int = 0, medium: Medium = IMAGES
    ) -> Self:
        """
        Open a dataset for writing; create it if it does not exist, and repair it if needed.

        :param root: folder of all datasets; created if it does not exist
        :param name: name of the dataset, and of its folder in ``root``
        :param quota_bytes: maximum size of all pictures together; 0 for no limit
        :param medium: of pictures or of sounds
        :raises ValueError: if the name is not allowed, the quota is negative, or the dataset is of
            another medium
        :raises OSError: if the folder cannot be written, or another process has it open
        """
        if quota_bytes < 0:
            raise ValueError(f'the quota must be 0 or more bytes, got {quota_bytes}')
        folder = Path(root).expanduser().absolute() / checked_name(name, 'dataset')
        what = f'the dataset {folder}'
        if (other := medium_in(folder)) not in (None, medium):
            raise ValueError(
                f'{what} holds {other.words.files}, no {medium.words.files}; choose another name'
            )
        dataset = cls(folder, quota_bytes, medium)
        try:
            make_folders(folder)
            dataset._stack.enter_context(writer_lock(folder / WRITER_LOCK, what))
            dataset._load()
        except OSError as error:
            dataset.close()
            if error.errno is None:  # raised by this package, with a complete sentence
                raise
            raise type(error)(f'{what} cannot be written: {error.strerror}') from error
        return dataset

    def close(self) -> None:
        """Let other processes write; closing twice has no effect."""
        with self._changes:
            self._closed = True
            self._stack.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The name of the dataset."""
        return self.folder.name

    def frames(self) -> list[LabelledFrame]:
        """List the frames in the order in which they were stored."""
        return self.index.frames()

    def newest(self, label: str, offset: int, limit: int) -> FramePage:
        """
        List frames, the newest first.

        :param label: only frames of this label; empty: all
        :raises ValueError: if the label is not allowed
        """
        return self.index.newest(checked_label(label) if label else '', offset, limit)

    def counts(self) -> dict[str, int]:
        """Count the frames of each label, sorted by label."""
        return self.index.counts()

    @property
    def size_bytes(self) -> int:
        """The size of all pictures together."""
        return self.index.size_bytes

    def _load(self) -> None:
        """List the frames, repair the manifest, and remove what a killed process left behind."""
        with lock(self.folder / LOCK):
            leftovers = remove_leftovers(self.folder)
            listing = list_frames(self.folder, self.medium)
            for frame in listing.frames:
                self.index.add(frame, frame.path.stat().st_size)
            if not listing.complete:
                write_manifest(self.folder, listing.frames)
        numbers = (STORED_NAME.fullmatch(frame.path.name) for frame in listing.frames)
        self._next_number = max((int(own[2]) + 1 for own in numbers if own), default=0)
        removed = (f'removed {path}, which was only partly written' for path in leftovers)
        self.problems = *removed, *listing.problems
        for problem in self.problems:
            LOG.warning('%s', problem)

    @contextlib.contextmanager
    def _changing(self, outcome: str) -> Iterator[None]:
        """
        Let one thread at a time change something; turn OS errors into complete sentences.

        :param outcome: consequence of a failure for the frames
        :raises ValueError: if the dataset is closed
        """
        with self._changes:
            if self._closed:
                raise ValueError(f'the dataset {self.name} is closed')
            try:
                yield
            except OSError as error:
                if error.errno is None:  # raised by this package, with a complete sentence
                    raise
                raise type(error)(
                    f'the dataset {self.name} cannot be written: {error.strerror}; {outcome}'
                ) from error
