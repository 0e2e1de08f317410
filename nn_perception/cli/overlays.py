"""Annotated pictures, written beside what a verb prints."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nn_perception.cli.files import InputFile

if TYPE_CHECKING:
    from nn_perception.core.imaging.preprocessing import Image

OVERLAY_SUFFIXES = ('.jpg', '.jpeg', '.png')
# The JPEG format can hold no larger width or height.
MAX_JPEG_PX = 65500


def add_overlay_argument(parser: argparse.ArgumentParser, drawn: str) -> None:
    """
    Add the folder for annotated pictures.

    :param drawn: what is drawn in, in words
    """
    parser.add_argument(
        '--overlay',
        type=Path,
        metavar='FOLDER',
        help=f'also write each picture with {drawn} drawn in to this folder',
    )


def open_overlays(folder: Path | None, pictures: Sequence[InputFile]) -> Overlays | None:
    """
    Create the folder for annotated pictures; do nothing where none is given.

    :param pictures: that are annotated, and never overwritten
    :raises OSError: if it cannot be created
    """
    if not folder:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return Overlays(folder, [picture.path for picture in pictures])


class Overlays:
    """
    Write annotated pictures, each under the name of its file.

    :param folder: exists
    :param files: that must not be overwritten
    """

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        self._folder = folder
        self._taken = {Path(file).resolve() for file in files}

    def write(self, file: str, drawn: Image) -> None:
        """
        Write one annotated picture; its name gets a number if it is taken.

        :param file: name of the picture that was annotated
        :param drawn: the annotated picture, uint8 BGR
        :raises OSError: if it cannot be written
        """
        import cv2

        suffix = Path(file).suffix
        if max(drawn.shape) > MAX_JPEG_PX:
            suffix = '.png'
        elif suffix.lower() not in OVERLAY_SUFFIXES:
            suffix = '.jpg'
        path = self._free(Path(file), suffix)
        _, encoded = cv2.imencode(suffix, drawn)
        path.write_bytes(encoded.tobytes())

    def _free(self, file: Path, suffix: str) -> Path:
        path, number = self._folder / f'{file.stem}{suffix}', 1
        while path.resolve() in self._taken:
            number += 1
            path = self._folder / f'{file.stem}_{number}{suffix}'
        self._taken.add(path.resolve())
        return path
