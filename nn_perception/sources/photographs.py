"""Photographs as frames."""

from __future__ import annotations

from collections.abc import Sequence
import logging
from pathlib import Path
import re
from typing import Any

from nn_perception.core.frame import Frame
from nn_perception.core.imaging.image_files import read_image

LOG = logging.getLogger(__name__)

PHOTO_SUFFIXES = frozenset({'.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm'})
# Photographs have no rate of their own; a person can follow one a second.
RATE_HZ = 1.0


class PhotographSource:
    """
    Photographs, in the given order.

    :param paths: of the files
    """

    rate_hz = RATE_HZ
    live = False
    calibration: dict[str, Any] | None = None

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._next = 0

    def read(self) -> Frame | None:
        """Read the next photograph; files that cannot be read are skipped and logged."""
        while self._next < len(self._paths):
            path = self._paths[self._next]
            self._next += 1
            try:
                return Frame(read_image(path), path.name)
            except (ValueError, OSError) as error:
                LOG.warning('skipped: %s', error)
        return None

    def rewind(self) -> bool:
        """Start again from the first photograph."""
        self._next = 0
        return True

    def close(self) -> None:
        """Do nothing: no file stays open."""


def photographs_in(folder: Path) -> list[Path]:
    """List the photographs of a folder, without its subfolders, in natural order."""
    paths = [path for path in folder.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES]
    return sorted(paths, key=natural_order)


def natural_order(path: Path) -> list[tuple[int, int | str]]:
    """Return a sort key that puts ``2.jpg`` before ``10.jpg`` and ignores case."""
    parts = re.split(r'(\d+)', str(path).lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]
