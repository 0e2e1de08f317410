"""What the verbs that run a network over picture files share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TYPE_CHECKING, TypeVar

from nn_perception.cli.arguments import whole_number
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.files import (
    add_file_arguments,
    FileKind,
    FileVerb,
    find_files,
    InputFile,
    process_files,
)
from nn_perception.core.imaging.formats.container import MAX_PIXELS

if TYPE_CHECKING:
    from nn_perception.core.imaging.preprocessing import Image

R = TypeVar('R')

# A folder with pictures of these kinds is not a folder without pictures.
FOREIGN_SUFFIXES = frozenset({'.heic', '.heif', '.avif', '.jxl', '.jp2'})


@dataclass(frozen=True)
class Verb(Generic[R]):
    """
    What a verb does with a picture, and how it prints the result.

    :param process: takes the file's name and its image, uint8 BGR; OSError, ValueError or
        RuntimeError says why there is no result
    :param as_fields: gives the fields of the JSON object, without the file's name
    :param as_text: gives the indented lines below the file's name
    :param max_pixels: width times height of the largest picture that is decoded
    """

    process: Callable[[str, Image], R]
    as_fields: Callable[[R], dict[str, Any]]
    as_text: Callable[[R], str]
    max_pixels: int = MAX_PIXELS


def add_picture_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the pictures, and how the results are printed."""
    add_file_arguments(parser, 'pictures')
    parser.add_argument(
        '--max-image-pixels',
        type=whole_number(1),
        default=MAX_PIXELS,
        metavar='N',
        help='largest picture that is decoded, width times height (default: %(default)s)',
    )


def find_pictures(paths: Iterable[str], leave_out: Path | None = None) -> list[InputFile]:
    """Replace folders by the pictures in them, see :func:`find_files`."""
    from nn_perception.sources.photographs import PHOTO_SUFFIXES

    return find_files(paths, FileKind('pictures', PHOTO_SUFFIXES, FOREIGN_SUFFIXES), leave_out)


def process_pictures(pictures: Sequence[InputFile], verb: Verb[R], *, as_json: bool) -> ExitStatus:
    """Process pictures one after the other, see :func:`process_files`."""
    from nn_perception.core.imaging.image_files import read_image

    def process(path: str) -> R:
        return verb.process(path, read_image(path, verb.max_pixels))

    files = FileVerb(process, verb.as_fields, verb.as_text)
    return process_files(pictures, files, as_json=as_json)
