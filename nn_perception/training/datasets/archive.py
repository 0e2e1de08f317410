"""
Read the pictures, or sounds, of a zip file, which may come from a stranger.

Nothing is unpacked to the disk: each file is read into memory, and its path within the archive
only names its label. What the archive claims to contain is checked before anything is unpacked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
import os
from pathlib import Path, PurePosixPath
import re
import stat
import struct
from typing import BinaryIO
import zipfile
import zlib

from nn_perception.core.files.names import checked_label
from nn_perception.core.files.untrusted import parse_json
from nn_perception.core.quoting import quoted
from nn_perception.training.datasets.labelled_frames import (
    MANIFEST,
    medium_in,
    read_lines,
    STORED_NAME,
)
from nn_perception.training.datasets.left_out import as_text, LeftOut
from nn_perception.training.datasets.media.detection import medium_of_file
from nn_perception.training.datasets.media.medium import Medium, Part
from nn_perception.training.datasets.media.pictures import IMAGES
from nn_perception.training.export.sample_programs import USE_DATASET

# Of 90,000 pictures with long names.
MAX_DIRECTORY_BYTES = 16_000_000
MAX_PICTURE_BYTES = 64_000_000
# Pictures are compressed already, and of sounds only silence shrinks that much; what shrinks more
# is no collection of them.
MAX_RATIO = 20
END_BYTES = 22
MAX_COMMENT_BYTES = 1 << 16
END, END_64, LOCATOR_64 = b'PK\x05\x06', b'PK\x06\x06', b'PK\x06\x07'
# What zipfile raises about archives that are damaged, encrypted, or compressed in other ways.
ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
# Of a dataset that was exported, and of systems.
IGNORED = {MANIFEST, '__MACOSX', 'Thumbs.db'}
# A project of Teachable Machine: pictures "<class>-!-<number>.jpg", and a description.
PROJECT_PICTURE = re.compile(r'(.+)-!-\d+\.\w+')
PROJECT_MANIFEST = 'manifest.json'
MAX_MANIFEST_BYTES = 1_000_000
# Of 100,000 clips.
MAX_DATASET_MANIFEST_BYTES = 40_000_000
# The samples of one of its classes, which are not in a folder; browsers number downloads.
SAMPLES = re.compile(r'(.+)-samples( ?\(\d+\))?\.zip', re.IGNORECASE)


@dataclass(frozen=True)
class PackedPicture:
    """
    A picture of an archive.

    :param name: path within the archive
    :param label: name of the folder that it is in
    :param stamp_ns: capture time in nanoseconds, if this package has exported it; else 0
    :param parts: what a dataset stores of it
    """

    name: str
    label: str
    stamp_ns: int
    parts: tuple[Part, ...]


@dataclass
class Archive:
    """
    A zip file of labelled pictures, or sounds: ``<label>/<file>`` or ``<name>/<label>/<file>``.

    Files of Teachable Machine are read as well: an image project (``.tm``), and the samples of a
    class, whose label is in the name of the file, ``<label>-samples.zip``.

    :ivar total: number of pictures, once they are being read
    :ivar left_out: what is left out, and why
    :param path: the file
    :param label: if given, all pictures get this label
    :param medium: whether pictures or sounds are read
    """

    path: Path
    label: str = ''
    medium: Medium = IMAGES
    total: int = 0
    left_out: LeftOut = field(default_factory=LeftOut)
    _is_project: bool = False
    _recordings: dict[str, str] = field(default_factory=dict)

    def pictures(self) -> Iterator[PackedPicture | None]:
        """
        Yield the pictures; None for each that is left out.

        :raises ValueError: if it is no zip file, or a zip bomb, or contains no pictures
        :raises OSError: if it cannot be read
        """
        with _opened(self.path) as (archive, size):
            members = self._members(archive, size)
            self.total = len(members)
            self._recordings = _recordings(archive)
            for info in members:
                yield self._picture(archive, info)

    def _members(self, archive: zipfile.ZipFile, size: int) -> list[zipfile.ZipInfo]:
        """Select the pictures, and check what they claim to unpack to."""
        chosen, medium, files = [], self.medium, self.medium.words.files
        for info in archive.infolist():
            path = _path_of(info)
            suffix = path.suffix.lower()
            if str(path) == PROJECT_MANIFEST:
                self._is_project = True
                continue
            if info.is_dir() or {*path.parts} & IGNORED or path.name == USE_DATASET:
                continue
            if path.name.startswith('.') or suffix not in medium.suffixes:
                reason = medium.reasons.get(suffix, medium.unnamed)
                self.left_out.add(str(path), reason, pictures=int(suffix in medium.reasons))
            else:
                chosen.append(info)
        if not chosen:
            reason = f'{self.path} contains no {files}{_project_type(archive)}'
            raise ValueError(as_text([reason, *self.left_out.pictures(), *self.left_out.others()]))
        claimed = sum(info.file_size for info in chosen)
        if claimed > MAX_RATIO * size + MAX_PICTURE_BYTES:
            raise ValueError(
                f'{self.path} has {size} bytes and would unpack to {claimed}: {files} do not '
                'shrink that much'
            )
        return chosen

    def _picture(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> PackedPicture | None:
        path = _path_of(info)
        try:
            label = self.label or self._label_of(path)
            content = _unpacked(archive, info)
            recording = self._recordings.get(str(path)) or self.medium.recording_of(path.name)
            parts = tuple(self.medium.unpacked_parts(content, recording))
        except ERRORS as error:
            self.left_out.add(str(path), str(error) or 'it is damaged')
            return None
        own = STORED_NAME.fullmatch(path.name)
        return PackedPicture(str(path), label, int(own[1]) if own else 0, parts)

    def _label_of(self, path: PurePosixPath) -> str:
        """Return the label of a picture; ValueError if its path names none, or leads elsewhere."""
        if path.is_absolute() or '..' in path.parts or ':' in path.parts[0]:
            raise ValueError('its path leads out of the archive')
        project = PROJECT_PICTURE.fullmatch(str(path))
        # In other archives, a folder is the label, whatever the names in it are.
        if project and (self._is_project or len(path.parts) == 1):
            return checked_label(project[1])
        if len(path.parts) > 1:
            return checked_label(path.parts[-2])
        samples = SAMPLES.fullmatch(self.path.name)
        if samples:
            return checked_label(samples[1])
        raise ValueError('it is in no folder that names its label; choose one with --label')


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, int]]:
    """Open a zip file whose list of entries is not too long; also return its size in bytes."""
    with open(path, 'rb') as stream:
        _check_directory(stream, path)
        try:
            archive = zipfile.ZipFile(stream)
        except (*ERRORS, struct.error) as error:
            raise ValueError(f'{path} is not a zip file that can be read') from error
        with archive:
            yield archive, os.fstat(stream.fileno()).st_size


def medium_of_source(path: Path) -> Medium | None:
    """
    Find out whether a folder or zip file holds pictures or sounds.

    :returns: None if it holds neither, or cannot be read
    """
    if path.is_dir():
        return medium_in(path)
    try:
        with _opened(path) as (archive, _):
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (OSError, ValueError):
        return None
    media = [medium for name in names if (medium := medium_of_file(name))]
    return IMAGES if IMAGES in media else next(iter(media), None)


def _path_of(info: zipfile.ZipInfo) -> PurePosixPath:
    """Return the path within the archive; some programs separate folders as Windows does."""
    return PurePosixPath(info.filename.replace('\\', '/') or '?')


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Unpack an entry to the size that was checked, and no further; ValueError if it is odd."""
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ValueError('it is a link')
    if info.file_size > MAX_PICTURE_BYTES:
        raise ValueError(f'it has more than {MAX_PICTURE_BYTES // 1_000_000} MB')
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The others are unpacked as a whole, whatever the size.
        raise ValueError('it is compressed in a way that is not supported')
    with archive.open(info) as stream:
        return stream.read(info.file_size)


def _recordings(archive: zipfile.ZipFile) -> dict[str, str]:
    """Read from the manifest of a dataset which recording each of its clips is from."""
    found = {}
    for info in archive.infolist():
        path = _path_of(info)
        if path.name == MANIFEST and info.file_size <= MAX_DATASET_MANIFEST_BYTES:
            with suppress(*ERRORS):
                for file, entry in read_lines(_unpacked(archive, info))[0].items():
                    found[str(path.parent / file)] = entry[-1]
    return {file: recording for file, recording in found.items() if recording}


def _project_type(archive: zipfile.ZipFile) -> str:
    """Say what a project of Teachable Machine without pictures contains; empty if it is none."""
    try:
        info = archive.getinfo(PROJECT_MANIFEST)
        content = _unpacked(archive, info) if info.file_size <= MAX_MANIFEST_BYTES else b'{}'
        kind = dict(parse_json(content))['type']
    except (KeyError, TypeError, *ERRORS):
        return ''
    return f'; it is a project of the type {quoted(str(kind))}'


def _check_directory(stream: BinaryIO, path: Path) -> None:
    """
    Check the size of the list of entries, which zipfile reads as a whole.

    :raises ValueError: if the file is no zip file, or the list is too long
    """
    status = os.fstat(stream.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f'{path} is not a regular file')
    start = max(0, status.st_size - END_BYTES - MAX_COMMENT_BYTES - 76)
    stream.seek(start)
    tail = stream.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + END_BYTES:
        raise ValueError(f'{path} is not a zip file')
    size = int.from_bytes(tail[at + 12 : at + 16], 'little')
    large = tail.rfind(END_64, 0, at)
    if tail[at - 20 : at - 16] == LOCATOR_64 and large >= 0:
        size = max(size % 0xFFFFFFFF, int.from_bytes(tail[large + 40 : large + 48], 'little'))
    if size > MAX_DIRECTORY_BYTES:
        raise ValueError(f'{path} contains too many entries: their list has {size} bytes')
    stream.seek(0)
