"""Annotated pictures beside what a verb prints."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nn_perception.core.imaging.image_files import Image

OVERLAY_SUFFIXES = ('.jpg', '.jpeg', '.png')
LARGEST_JPEG_PX = 65500


def add_overlay_argument(parser: argparse.ArgumentParser, drawn: str) -> None:
    """Declare where annotated pictures go; ``drawn`` says in words what is drawn."""
    parser.add_argument(
        '--overlay',
        type=Path,
        metavar='FOLDER',
        help=f'also write the pictures with {drawn} drawn in into this folder',
    )


def open_overlays(args: argparse.Namespace) -> Overlays | None:
    """
    Make the folder that the arguments name; None where they name none.

    :raises OSError: if it cannot be made
    """
    if not args.overlay:
        return None
    args.overlay.mkdir(parents=True, exist_ok=True)
    return Overlays(args.overlay, args.files)


class Overlays:
    """
    Write annotated pictures, each under the name of its file.

    :param folder: exists
    :param files: none of them is overwritten
    """

    def __init__(self, folder: Path, files: list[str]) -> None:
        self._folder = folder
        self._taken = {Path(file).resolve() for file in files}

    def write(self, file: str, drawn: Image) -> None:
        """
        Write one annotated picture; a number is put behind a name that is taken.

        :param file: name of the picture that was annotated
        :raises OSError: if it cannot be written
        """
        import cv2

        suffix = Path(file).suffix
        if max(drawn.shape) > LARGEST_JPEG_PX:
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
