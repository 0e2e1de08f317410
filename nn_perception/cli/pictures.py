"""What the verbs that run a network over picture files share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
import json
import os
from pathlib import Path
from typing import Any, Generic, TYPE_CHECKING, TypeVar

from nn_perception.cli.arguments import whole_number
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.progress import show_progress
from nn_perception.core.imaging.formats.container import MAX_PIXELS
from nn_perception.core.standard_streams import write_error, write_output

if TYPE_CHECKING:
    from nn_perception.core.imaging.preprocessing import Image

R = TypeVar('R')

# A folder with pictures of these kinds is not a folder without pictures.
FOREIGN_SUFFIXES = frozenset({'.heic', '.heif', '.avif', '.jxl', '.jp2'})


@dataclass(frozen=True)
class Picture:
    """
    A picture file to process.

    :param path: as it is printed
    :param error: why there is nothing to process, empty if there is
    """

    path: str
    error: str = ''


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


def add_file_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the pictures, and how the results are printed."""
    parser.add_argument(
        'files',
        nargs='+',
        metavar='FILE',
        help='pictures, or folders: all pictures in them and in their subfolders',
    )
    parser.add_argument(
        '--json', action='store_true', help='print one JSON object per line and nothing else'
    )
    parser.add_argument(
        '--max-image-pixels',
        type=whole_number(1),
        default=MAX_PIXELS,
        metavar='N',
        help='largest picture that is decoded, width times height (default: %(default)s)',
    )


def find_pictures(paths: Iterable[str], leave_out: Path | None = None) -> list[Picture]:
    """
    Replace folders by the pictures in them and in their subfolders, sorted by path.

    Hidden files and folders are left out, and so are files that do not end like a picture. Those
    that end like a picture of a kind that is not supported are taken, to say so.

    :param paths: files and folders; files are taken as they are
    :param leave_out: a folder below the given ones whose pictures are not wanted
    :returns: pictures in the order of ``paths``; a folder without any, or that cannot be read,
        is an entry with an error
    """
    pictures: list[Picture] = []
    for path in paths:
        if os.path.isdir(path):
            pictures += _in_folder(path, leave_out)
        else:
            pictures.append(Picture(path))
    return pictures


def _in_folder(root: str, leave_out: Path | None) -> list[Picture]:
    from nn_perception.sources.photographs import natural_order, PHOTO_SUFFIXES

    unwanted = leave_out.resolve() if leave_out else None
    problems: list[OSError] = []
    found: list[Path] = []
    for folder, subfolders, files in os.walk(root, onerror=problems.append):
        subfolders[:] = [
            name
            for name in subfolders
            if name[0] != '.' and Path(folder, name).resolve() != unwanted
        ]
        found += [
            Path(folder, name)
            for name in files
            if name[0] != '.' and Path(name).suffix.lower() in PHOTO_SUFFIXES | FOREIGN_SUFFIXES
        ]
    pictures = [Picture(str(path)) for path in sorted(found, key=natural_order)]
    pictures += [
        Picture(str(error.filename), f'{error.filename} cannot be read: {error.strerror}')
        for error in problems
    ]
    kinds = ', '.join(sorted(PHOTO_SUFFIXES))
    return pictures or [Picture(root, f'{root} contains no pictures ({kinds})')]


def process_pictures(pictures: Sequence[Picture], verb: Verb[R], *, as_json: bool) -> ExitStatus:
    """
    Process pictures one after the other, and print the result of each.

    A file that cannot be read does not stop the others.

    :param as_json: print one JSON object per line, errors too
    :returns: the exit status
    """
    failed = False
    for picture, result in _results(show_progress(pictures), verb):
        failed = failed or result is None
        if as_json:
            fields = {'error': picture.error} if result is None else verb.as_fields(result)
            write_output(json.dumps({'file': picture.path, **fields}) + '\n')
        elif result is None:
            write_error(f'{picture.error}\n')
        else:
            write_output(f'{picture.path}\n{verb.as_text(result)}')
    return ExitStatus.FAILED if failed else ExitStatus.OK


def _results(pictures: Iterable[Picture], verb: Verb[R]) -> Iterator[tuple[Picture, R | None]]:
    """Yield each picture with its result, or with the error and None."""
    from nn_perception.core.imaging.image_files import read_image

    for picture in pictures:
        if picture.error:
            yield picture, None
            continue
        try:
            yield picture, verb.process(picture.path, read_image(picture.path, verb.max_pixels))
        except (OSError, ValueError, RuntimeError) as error:
            yield Picture(picture.path, str(error)), None
        except MemoryError:
            reason = f'{picture.path} needs more memory than is available'
            yield Picture(picture.path, reason), None
