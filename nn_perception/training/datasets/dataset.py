"""
Labelled frames on disk, for the one process that changes them.

Every change is on the disk when its call returns. The order of the steps is such that an end at
any moment, even a power cut, costs at most the frame that was being stored: first the picture
under a temporary name, then its final name, then its line in the manifest. Opening a dataset
repairs what was left unfinished.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
from dataclasses import replace
import hashlib
import logging
from pathlib import Path
import threading

from nn_perception.core.files.atomic import (
    append_whole,
    removed_on_failure,
    write_atomically,
)
from nn_perception.core.files.folders import make_folders
from nn_perception.core.files.locks import lock, writer_lock
from nn_perception.core.files.names import checked_label, checked_name
from nn_perception.core.imaging.image_files import encode_png
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.training.datasets.dataset_files import (
    remove_leftovers,
    remove_pictures,
    rename_label_folder,
    write_manifest,
)
from nn_perception.training.datasets.frame_index import FrameIndex, FramePage
from nn_perception.training.datasets.labelled_frames import (
    distinct_label,
    LabelledFrame,
    list_frames,
    LOCK,
    MANIFEST,
    STORED_NAME,
    WRITER_LOCK,
)

LOG = logging.getLogger(__name__)


class QuotaError(OSError):
    """A frame does not fit into the quota of its dataset."""


class Dataset:
    """
    A dataset that is open for writing; threads may share it.

    Changes wait for each other; reading the frames and their counts never waits for the disk.

    :ivar index: the frames in memory
    :ivar problems: defects that were found on opening, one sentence each
    :param folder: folder of the dataset
    :param quota_bytes: maximum size of all pictures together; 0 for no limit
    """

    def __init__(self, folder: Path, quota_bytes: int) -> None:
        self.folder = folder
        self.quota_bytes = quota_bytes
        self.problems: tuple[str, ...] = ()
        self._stack = contextlib.ExitStack()
        self._changes = threading.RLock()
        self.index = FrameIndex()
        self._next_number = 0
        self._closed = False

    @classmethod
    def open(cls, root: str | Path, name: str, quota_bytes: int = 0) -> Dataset:
        """
        Open a dataset for writing; create it if it does not exist, and repair it if needed.

        :param root: folder of all datasets; created if it does not exist
        :param name: name of the dataset, and of its folder in ``root``
        :param quota_bytes: maximum size of all pictures together; 0 for no limit
        :raises ValueError: if the name is not allowed, or the quota is negative
        :raises OSError: if the folder cannot be written, or another process has it open
        """
        if quota_bytes < 0:
            raise ValueError(f'the quota must be 0 or more bytes, got {quota_bytes}')
        folder = Path(root).expanduser().absolute() / checked_name(name, 'dataset')
        dataset, what = cls(folder, quota_bytes), f'the dataset {folder}'
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

    def __enter__(self) -> Dataset:
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

    def add(self, image_bgr: Image, label: str, stamp_ns: int, topic: str = '') -> LabelledFrame:
        """
        Store a frame; once this returns, a power cut does not lose it.

        :param image_bgr: uint8, ``(H, W, 3)``, blue first
        :param label: what the frame shows
        :param stamp_ns: capture time in nanoseconds; 0 if unknown
        :param topic: image topic that the frame came from
        :raises ValueError: if the label is not allowed, or differs from an existing one in
            capitals only; or if image or stamp are invalid
        :raises QuotaError: if the dataset is full
        :raises OSError: if the frame cannot be written, for example because the disk is full;
            frames that are already stored stay as they are
        """
        return self.add_png(encode_png(image_bgr), label, stamp_ns, topic)

    def add_png(self, png: bytes, label: str, stamp_ns: int, topic: str = '') -> LabelledFrame:
        """
        Store a frame that is already encoded; otherwise the same as :meth:`add`.

        :param png: the result of :func:`nn_perception.core.imaging.image_files.encode_png`
        """
        if stamp_ns < 0:
            raise ValueError(f'a stamp must be 0 or more nanoseconds, got {stamp_ns}')
        with self._changing('the frame is not stored'):
            return self._store(png, distinct_label(label, self.counts()), stamp_ns, topic)

    def delete(self, label: str, *, newest_only: bool = False) -> int:
        """
        Delete the frames of a label, or only the one that was stored last.

        If the process ends halfway, the frames that are not deleted yet stay.

        :returns: number of deleted frames
        :raises ValueError: if the label has no frames
        :raises OSError: if the frames cannot be deleted
        """
        with self._changing('not all frames are deleted'):
            frames = self.index.of_label(checked_label(label))
            return self._remove(frames[-1:] if newest_only else frames)

    def delete_frames(self, frame_ids: Sequence[str], label: str = '') -> int:
        """
        Delete the given frames.

        If the process ends halfway, the frames that are not deleted yet stay.

        :param frame_ids: see :attr:`LabelledFrame.id`
        :param label: that all of them must have; empty: any
        :returns: number of deleted frames
        :raises ValueError: if there is no such frame, or one has another label; nothing is deleted
        :raises OSError: if the frames cannot be deleted
        """
        with self._changing('not all frames are deleted'):
            label = checked_label(label) if label else ''
            frames = [self.index.by_id(frame_id) for frame_id in dict.fromkeys(frame_ids)]
            for frame in frames:
                if label and frame.label != label:
                    raise ValueError(f'the frame {frame.id} has another label than {label}')
            return self._remove(frames)

    def check_rename(self, label: str, new_label: str) -> tuple[str, str]:
        """
        Check that a label can be renamed.

        :returns: both labels in their normal form
        :raises ValueError: see :meth:`rename_label`
        """
        old = self.index.of_label(checked_label(label))[0].label
        new = distinct_label(new_label, [other for other in self.counts() if other != old])
        target = self.folder / new
        # A file system that ignores case finds the old folder under the new name.
        if target.exists() and (new == old or not target.samefile(self.folder / old)):
            raise ValueError(f'the label {new} already exists')
        return old, new

    def rename_label(self, label: str, new_label: str) -> int:
        """
        Give the frames of a label another one.

        :param new_label: a label that does not exist yet
        :returns: number of frames
        :raises ValueError: if ``label`` has no frames, or ``new_label`` is not allowed or exists
        :raises OSError: if the folder cannot be renamed
        """
        with self._changing('some frames may still have the old label'):
            old, new = self.check_rename(label, new_label)
            target, before = self.folder / new, self.frames()
            renamed = [
                replace(f, path=target / f.path.name, label=new) if f.label == old else f
                for f in before
            ]
            with lock(self.folder / LOCK):
                rename_label_folder(self.folder / old, target, before, renamed)
                self.index.replace_all(renamed)
                write_manifest(self.folder, renamed)
            return self.counts()[new]

    def _load(self) -> None:
        """List the frames, repair the manifest, and remove what a killed process left behind."""
        with lock(self.folder / LOCK):
            leftovers = remove_leftovers(self.folder)
            listing = list_frames(self.folder)
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

    def _store(self, png: bytes, label: str, stamp_ns: int, topic: str) -> LabelledFrame:
        used = self.size_bytes
        if self.quota_bytes and used + len(png) > self.quota_bytes:
            raise QuotaError(
                f'the dataset {self.name} is full: {used} of {self.quota_bytes} bytes are used, '
                f'and the frame needs {len(png)}'
            )
        path = self.folder / label / f'{stamp_ns}_{self._next_number}.png'
        frame = LabelledFrame(path, label, stamp_ns, topic, hashlib.sha256(png).hexdigest())
        with lock(self.folder / LOCK), removed_on_failure(path):
            make_folders(path.parent)
            write_atomically(path, png)
            append_whole(self.folder / MANIFEST, frame.manifest_line().encode())
        self._next_number += 1
        self.index.add(frame, len(png))
        return frame

    def _remove(self, frames: Sequence[LabelledFrame]) -> int:
        """Remove pictures, then their lines; return how many."""
        with lock(self.folder / LOCK):
            try:
                remove_pictures(frames, self.index.remove)
            finally:
                write_manifest(self.folder, self.frames())
        return len(frames)

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
