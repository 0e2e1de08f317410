"""Photographs as frames."""

from __future__ import annotations

from collections.abc import Sequence
import logging
from pathlib import Path

from nn_perception.core.files.natural_order import natural_order
from nn_perception.core.frame import Frame
from nn_perception.core.imaging.image_files import read_image
from nn_perception.sources.frame_source import StoredFrames
from nn_perception.sources.skip_log import SkipLog

LOG = logging.getLogger(__name__)

PHOTO_SUFFIXES = frozenset({
    '.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.bmp', '.gif', '.webp', '.tif', '.tiff',
    '.pbm', '.pgm', '.pnm', '.ppm',
})  # fmt: skip
# Photographs have no rate of their own; a person can follow one a second.
RATE_HZ = 1.0


class PhotographSource(StoredFrames):
    """
    Photographs, in the given order.

    :param paths: of the files
    """

    rate_hz = RATE_HZ

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._next = 0
        self._log = SkipLog(LOG)
        self._unreadable: dict[Path, tuple[int, int]] = {}

    def read(self) -> Frame | None:
        """
        Read the next photograph; files that cannot be read are skipped and logged.

        A file that could not be read is not tried again until it changes.
        """
        while self._next < len(self._paths):
            path = self._paths[self._next]
            self._next += 1
            version = _version(path)
            if self._unreadable.get(path) == version:
                continue
            try:
                return Frame(read_image(path), path.name)
            except (ValueError, OSError) as error:
                self._unreadable[path] = version
                self._log.warn(f'skipped: {error}')
        return None

    def rewind(self) -> bool:
        """Start again from the first photograph."""
        self._next = 0
        return True

    def close(self) -> None:
        """Do nothing: no file stays open."""


def _version(path: Path) -> tuple[int, int]:
    """Return what changes when a file is written: its time and size; zeros if there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def photographs_in(folder: Path) -> list[Path]:
    """
    List the photographs of a folder, without its subfolders, in natural order.

    Hidden files are left out: file managers put what is no photograph beside each photograph. So
    is what would never end, such as a named pipe.
    """
    paths = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PHOTO_SUFFIXES
        and path.name[0] != '.'
        and (path.is_file() or not path.exists())
    ]
    return sorted(paths, key=natural_order)
