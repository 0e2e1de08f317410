"""
Labelled frames on disk, as the one process that changes them has them.

Every change is on the disk when the call that made it returns, and its order is such that an end
at any moment, a power cut as well, costs at most the frame that was being stored: first the
picture under a temporary name, then its name, then its line in the manifest. What was left
halfway is repaired when the data set is opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
import contextlib
import hashlib
import logging
from pathlib import Path
import threading
from types import TracebackType

from nn_perception.core.files.atomic import append_whole, sync_folder, write_atomically
from nn_perception.core.files.locks import lock, writer_lock
from nn_perception.core.files.names import checked_name
from nn_perception.core.imaging.image_files import encode_png, Image
from nn_perception.training.datasets.labelled_frames import (
    check_samples,
    list_samples,
    LOCK,
    MANIFEST,
    manifest_of,
    Sample,
    STORED_NAME,
)

LOG = logging.getLogger(__name__)

# Held as long as a data set is open. Not LOCK, since readers wait for that one.
WRITER_LOCK = '.writer'
# What writing leaves behind when it is killed: the name to be, and some random letters.
LEFTOVERS = (f'.{MANIFEST}.????????', '*/.[0-9]*_[0-9]*.png.????????')


class QuotaError(OSError):
    """A frame does not fit into what a data set may take."""


class Dataset:
    """
    A data set that is open for writing; several threads may use it.

    :param folder: where it lies
    :param quota_bytes: how large the pictures may become together; 0 for no limit
    """

    def __init__(self, folder: Path, quota_bytes: int) -> None:
        self.folder = folder
        self.quota_bytes = quota_bytes
        self.problems: tuple[str, ...] = ()
        """What was not as it should be when it was opened, a sentence each."""
        self._stack = contextlib.ExitStack()
        self._busy = threading.RLock()
        self._samples: dict[str, Sample] = {}
        self._sizes: dict[str, int] = {}
        self._next_number = 0
        self._closed = False

    @classmethod
    def open(cls, root: str | Path, name: str, quota_bytes: int = 0) -> Dataset:
        """
        Open a data set for writing, make it if there is none, and repair what is half-written.

        :param root: the folder of all data sets; made if there is none
        :param name: the data set's own folder in it
        :param quota_bytes: how large the pictures may become together; 0 for no limit
        :raises ValueError: if the name cannot be that of a folder, or the quota is negative
        :raises OSError: if the folder cannot be written, or another process has it open
        """
        if quota_bytes < 0:
            raise ValueError(f'the quota must be 0 or more bytes, got {quota_bytes}')
        folder = Path(root).expanduser().absolute() / checked_name(name, 'data set')
        dataset = cls(folder, quota_bytes)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(folder.parent)
            dataset._stack.enter_context(
                writer_lock(folder / WRITER_LOCK, f'the data set {folder}')
            )
            dataset._load()
        except OSError as error:
            dataset.close()
            if error.errno is None:  # raised here with a sentence of its own
                raise
            raise type(error)(
                f'the data set {folder} cannot be written: {error.strerror}'
            ) from error
        return dataset

    def close(self) -> None:
        """Let another process write; closing twice does no harm."""
        with self._busy:
            self._closed = True
            self._stack.close()

    def __enter__(self) -> Dataset:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.folder.name

    def samples(self) -> list[Sample]:
        """List the frames in the order in which they were stored."""
        with self._busy:
            return list(self._samples.values())

    def counts(self) -> dict[str, int]:
        """Count the frames of each label, sorted by label."""
        return dict(sorted(Counter(sample.label for sample in self.samples()).items()))

    @property
    def size_bytes(self) -> int:
        """The size of all pictures together."""
        with self._busy:
            return sum(self._sizes.values())

    def check(self) -> list[str]:
        """Read all pictures; give a sentence for each that is damaged, gone or changed."""
        return check_samples(self.samples())[1]

    def add(self, image_bgr: Image, label: str, stamp_ns: int, topic: str = '') -> Sample:
        """
        Store a frame; when this returns, a power cut does not take it away any more.

        :param image_bgr: uint8, ``(H, W, 3)``
        :param label: what it shows
        :param stamp_ns: when it was taken, nanoseconds; 0 if that is not known
        :param topic: where it came from
        :raises ValueError: if the label is not allowed, or differs from another one only in
            capitals; if the image or the stamp is none
        :raises QuotaError: if the data set is full
        :raises OSError: if it cannot be written, for want of room for instance; what is stored
            already is not touched
        """
        return self.add_png(encode_png(image_bgr), label, stamp_ns, topic)

    def add_png(self, png: bytes, label: str, stamp_ns: int, topic: str = '') -> Sample:
        """
        Store a frame that is encoded already, else the same as :meth:`add`.

        :param png: what :func:`encode_png` gave
        """
        if stamp_ns < 0:
            raise ValueError(f'a stamp must be 0 or more nanoseconds, got {stamp_ns}')
        with self._changing('the frame is not stored'):
            return self._store(png, self._checked_label(label), stamp_ns, topic)

    def delete(self, label: str, *, newest_only: bool = False) -> int:
        """
        Delete the frames of a label, or of them the one that was stored last.

        An end halfway leaves the rest of the frames; what is deleted stays so.

        :returns: how many were deleted
        :raises ValueError: if there are none
        :raises OSError: if they cannot be deleted
        """
        label = checked_name(label, 'label')
        with self._changing('not all frames are deleted'):
            files = [file for file, sample in self._samples.items() if sample.label == label]
            if not files:
                known = ', '.join(self.counts()) or 'none'
                raise ValueError(f'no frames have the label {label}; there are labels: {known}')
            files = files[-1:] if newest_only else files
            with lock(self.folder / LOCK):
                self._remove(files)
            return len(files)

    def _load(self) -> None:
        """Find what is there; repair the manifest and remove leftovers of a process that died."""
        with lock(self.folder / LOCK):
            leftovers = sorted(path for end in LEFTOVERS for path in self.folder.glob(end))
            for path in leftovers:
                path.unlink()
            listing = list_samples(self.folder)
            self._samples = {sample.file: sample for sample in listing.samples}
            self._sizes = {
                file: sample.path.stat().st_size for file, sample in self._samples.items()
            }
            if not listing.whole:
                self._write_manifest()
        numbers = (STORED_NAME.fullmatch(sample.path.name) for sample in listing.samples)
        self._next_number = max((int(own[2]) + 1 for own in numbers if own), default=0)
        removed = (f'{path} was half-written and is removed' for path in leftovers)
        self.problems = (*removed, *listing.problems)
        for problem in self.problems:
            LOG.warning('%s', problem)

    def _checked_label(self, label: str) -> str:
        """Check that a label is allowed, and is a folder of its own on every file system."""
        label = checked_name(label, 'label')
        others = self.counts()
        near = next((other for other in others if other.lower() == label.lower()), label)
        if label not in others and near != label:
            raise ValueError(
                f'the label {label} differs from {near} only in capitals, which some file '
                f'systems take for the same; use {near}'
            )
        return label

    def _store(self, png: bytes, label: str, stamp_ns: int, topic: str) -> Sample:
        used = self.size_bytes
        if self.quota_bytes and used + len(png) > self.quota_bytes:
            raise QuotaError(
                f'the data set {self.name} is full: {used} of {self.quota_bytes} bytes are used, '
                f'and the frame takes {len(png)}'
            )
        folder = self.folder / label
        if not folder.is_dir():
            folder.mkdir(parents=True)
            sync_folder(self.folder)
        path = folder / f'{stamp_ns}_{self._next_number}.png'
        sample = Sample(path, label, stamp_ns, topic, hashlib.sha256(png).hexdigest())
        with lock(self.folder / LOCK):
            write_atomically(path, png)
            try:
                append_whole(self.folder / MANIFEST, sample.manifest_line().encode())
            except BaseException:
                path.unlink()
                raise
        self._next_number += 1
        self._samples[sample.file] = sample
        self._sizes[sample.file] = len(png)
        return sample

    def _remove(self, files: Iterable[str]) -> None:
        """
        Remove pictures, then their lines.

        The other way round a picture could be left without a line, and would be taken up again.
        """
        folders = set()
        try:
            for file in files:
                path = self._samples[file].path
                path.unlink(missing_ok=True)
                folders.add(path.parent)
                del self._samples[file], self._sizes[file]
        finally:
            for folder in folders:
                sync_folder(folder)
                with contextlib.suppress(OSError):  # it holds other frames
                    folder.rmdir()
            self._write_manifest()

    def _write_manifest(self) -> None:
        write_atomically(self.folder / MANIFEST, manifest_of(self.samples()))

    @contextlib.contextmanager
    def _changing(self, outcome: str) -> Iterator[None]:
        """
        Let one thread change something; make a sentence of what the system says if it cannot.

        :param outcome: what that means for the frames
        :raises ValueError: if the data set is closed
        """
        with self._busy:
            if self._closed:
                raise ValueError(f'the data set {self.name} is closed')
            try:
                yield
            except OSError as error:
                if error.errno is None:  # raised here with a sentence of its own
                    raise
                raise type(error)(
                    f'the data set {self.name} cannot be written: {error.strerror}; {outcome}'
                ) from error
