"""
Labelled frames on disk, for the one process that changes them.

Every change is on the disk when its call returns. The order of the steps is such that an end at
any moment, even a power cut, costs at most the frame that was being stored: first the picture
under a temporary name, then its final name, then its line in the manifest. Opening a dataset
repairs what was left unfinished.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
import contextlib
from dataclasses import replace
import hashlib
import logging
from pathlib import Path
import threading

from nn_perception.core.files.atomic import (
    append_whole,
    removed_on_failure,
    sync_folder,
    write_atomically,
)
from nn_perception.core.files.folders import make_folders
from nn_perception.core.files.locks import lock, writer_lock
from nn_perception.core.files.names import checked_label, checked_name
from nn_perception.core.imaging.image_files import encode_png
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.training.datasets.labelled_frames import (
    distinct_label,
    LabelledFrame,
    list_frames,
    LOCK,
    MANIFEST,
    manifest_of,
    STORED_NAME,
    WRITER_LOCK,
)

LOG = logging.getLogger(__name__)

# Left behind by a process that was killed while it wrote: the final name and random letters.
LEFTOVERS = (f'.{MANIFEST}.????????', '*/.[0-9]*_[0-9]*.png.????????')


class QuotaError(OSError):
    """A frame does not fit into the quota of its dataset."""


class Dataset:
    """
    A dataset that is open for writing; threads may share it.

    Changes wait for each other; reading the frames and their counts never waits for the disk.

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
        # Held only while the two dictionaries are read or changed, never during disk access.
        self._state = threading.Lock()
        self._frames: dict[str, LabelledFrame] = {}
        self._sizes: dict[str, int] = {}
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
        with self._state:
            return list(self._frames.values())

    def counts(self) -> dict[str, int]:
        """Count the frames of each label, sorted by label."""
        return dict(sorted(Counter(frame.label for frame in self.frames()).items()))

    @property
    def size_bytes(self) -> int:
        """The size of all pictures together."""
        with self._state:
            return sum(self._sizes.values())

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
            files = self._files_of(label)
            files = files[-1:] if newest_only else files
            with lock(self.folder / LOCK):
                self._remove(files)
            return len(files)

    def rename_label(self, label: str, new_label: str) -> int:
        """
        Give the frames of a label another one.

        :param new_label: a label that does not exist yet
        :returns: number of frames
        :raises ValueError: if ``label`` has no frames, or ``new_label`` is not allowed or exists
        :raises OSError: if the folder cannot be renamed
        """
        with self._changing('some frames may still have the old label'):
            old = self._frames[self._files_of(label)[0]].label
            new = distinct_label(new_label, [other for other in self.counts() if other != old])
            target = self.folder / new
            # A file system that ignores case finds the old folder under the new name.
            if target.exists() and (new == old or not target.samefile(self.folder / old)):
                raise ValueError(f'the label {new} already exists')
            renamed = [
                replace(f, path=target / f.path.name, label=new) if f.label == old else f
                for f in self.frames()
            ]
            with lock(self.folder / LOCK):
                (self.folder / old).rename(target)
                sync_folder(self.folder)
                with self._state:
                    sizes = self._sizes.values()
                    self._frames = {frame.file: frame for frame in renamed}
                    self._sizes = dict(zip(self._frames, sizes, strict=True))
                self._write_manifest()
            return self.counts()[new]

    def _load(self) -> None:
        """List the frames, repair the manifest, and remove what a killed process left behind."""
        with lock(self.folder / LOCK):
            leftovers = sorted(path for end in LEFTOVERS for path in self.folder.glob(end))
            for path in leftovers:
                path.unlink()
            listing = list_frames(self.folder)
            self._frames = {frame.file: frame for frame in listing.frames}
            self._sizes = {file: frame.path.stat().st_size for file, frame in self._frames.items()}
            if not listing.complete:
                self._write_manifest()
        numbers = (STORED_NAME.fullmatch(frame.path.name) for frame in listing.frames)
        self._next_number = max((int(own[2]) + 1 for own in numbers if own), default=0)
        removed = (f'removed {path}, which was only partly written' for path in leftovers)
        self.problems = *removed, *listing.problems
        for problem in self.problems:
            LOG.warning('%s', problem)

    def _files_of(self, label: str) -> list[str]:
        """List the files of a label; ValueError if it has none."""
        label = checked_label(label)
        files = [file for file, frame in self._frames.items() if frame.label == label]
        if not files:
            known = ', '.join(self.counts()) or 'none'
            raise ValueError(f'no frames have the label {label}; existing labels: {known}')
        return files

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
        with self._state:
            self._frames[frame.file] = frame
            self._sizes[frame.file] = len(png)
        return frame

    def _remove(self, files: Iterable[str]) -> None:
        """
        Remove pictures, then their lines.

        In the other order, a picture could be left without a line, and would be added again.
        """
        folders = set()
        try:
            for file in files:
                path = self._frames[file].path
                path.unlink(missing_ok=True)
                folders.add(path.parent)
                with self._state:
                    del self._frames[file], self._sizes[file]
        finally:
            for folder in folders:
                sync_folder(folder)
                with contextlib.suppress(OSError):  # other frames are in it
                    folder.rmdir()
            self._write_manifest()

    def _write_manifest(self) -> None:
        write_atomically(self.folder / MANIFEST, manifest_of(self.frames()))

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
