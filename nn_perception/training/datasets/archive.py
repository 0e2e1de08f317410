"""
Read the pictures of a zip file, which may come from a stranger.

Nothing is unpacked to the disk: each picture is read into memory, and its path within the archive
only names its label. What the archive claims to contain is checked before anything is unpacked.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.quoting import quoted
from nn_perception.sources.photographs import PHOTO_SUFFIXES
from nn_perception.training.datasets.labelled_frames import MANIFEST, STORED_NAME
from nn_perception.training.datasets.left_out import as_text, LeftOut
from nn_perception.training.datasets.picture_folders import NO_PICTURE, REASONS
from nn_perception.training.export.sample_programs import USE_DATASET

# Of 90,000 pictures with long names.
MAX_DIRECTORY_BYTES = 16_000_000
MAX_PICTURE_BYTES = 64_000_000
# Pictures are compressed already; what shrinks more than this is no collection of pictures.
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
# The samples of one of its classes, which are not in a folder; browsers number downloads.
SAMPLES = re.compile(r'(.+)-samples( ?\(\d+\))?\.zip', re.IGNORECASE)


@dataclass(frozen=True)
class PackedPicture:
    """
    A picture of an archive.

    :param name: path within the archive
    :param label: name of the folder that it is in
    :param stamp_ns: capture time in nanoseconds, if this package has exported it; else 0
    :param image_bgr: uint8, ``(H, W, 3)``, blue first
    """

    name: str
    label: str
    stamp_ns: int
    image_bgr: Image


@dataclass
class Archive:
    """
    A zip file of labelled pictures, ``<label>/<picture>`` or ``<name>/<label>/<picture>``.

    Files of Teachable Machine are read as well: an image project (``.tm``), and the samples of a
    class, whose label is in the name of the file, ``<label>-samples.zip``.

    :ivar total: number of pictures, once they are being read
    :ivar left_out: what is left out, and why
    :param path: the file
    :param label: if given, all pictures get this label
    """

    path: Path
    label: str = ''
    total: int = 0
    left_out: LeftOut = field(default_factory=LeftOut)
    _is_project: bool = False

    def pictures(self) -> Iterator[PackedPicture | None]:
        """
        Yield the pictures; None for each that is left out.

        :raises ValueError: if it is no zip file, or a zip bomb, or contains no pictures
        :raises OSError: if it cannot be read
        """
        with open(self.path, 'rb') as stream:
            _check_directory(stream, self.path)
            try:
                archive = zipfile.ZipFile(stream)
            except (*ERRORS, struct.error) as error:
                raise ValueError(f'{self.path} is not a zip file that can be read') from error
            with archive:
                members = self._members(archive, os.fstat(stream.fileno()).st_size)
                self.total = len(members)
                for info in members:
                    yield self._picture(archive, info)

    def _members(self, archive: zipfile.ZipFile, size: int) -> list[zipfile.ZipInfo]:
        """Select the pictures, and check what they claim to unpack to."""
        chosen = []
        for info in archive.infolist():
            path = _path_of(info)
            suffix = path.suffix.lower()
            if str(path) == PROJECT_MANIFEST:
                self._is_project = True
                continue
            if info.is_dir() or {*path.parts} & IGNORED or path.name == USE_DATASET:
                continue
            if path.name.startswith('.') or suffix not in PHOTO_SUFFIXES:
                reason = REASONS.get(suffix, NO_PICTURE)
                self.left_out.add(str(path), reason, pictures=int(suffix in REASONS))
            else:
                chosen.append(info)
        if not chosen:
            reason = f'{self.path} contains no pictures{_project_type(archive)}'
            raise ValueError(as_text([reason, *self.left_out.pictures(), *self.left_out.others()]))
        claimed = sum(info.file_size for info in chosen)
        if claimed > MAX_RATIO * size + MAX_PICTURE_BYTES:
            raise ValueError(
                f'{self.path} has {size} bytes and would unpack to {claimed}: pictures do not '
                'shrink that much'
            )
        return chosen

    def _picture(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> PackedPicture | None:
        path = _path_of(info)
        try:
            label = self.label or self._label_of(path)
            content = _unpacked(archive, info)
        except ERRORS as error:
            self.left_out.add(str(path), str(error) or 'it is damaged')
            return None
        try:
            image = decode_image(content, upright=True)
        except ValueError as error:
            self.left_out.add(str(path), f'it {error}')
            return None
        own = STORED_NAME.fullmatch(path.name)
        return PackedPicture(str(path), label, int(own[1]) if own else 0, image)

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
