"""``nn_perception digits``: read the digits in pictures."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
import logging
from typing import Any, TYPE_CHECKING

from nn_perception.cli.files import (
    add_engine_arguments,
    add_file_arguments,
    engine_options,
    probability,
    unusable,
    whole_number,
    work_through,
)
from nn_perception.cli.overlays import add_overlay_argument, open_overlays
from nn_perception.core.options import (
    DEFAULT_DIGIT_MODEL,
    DIGIT_MAX_CANDIDATES,
    DIGIT_MIN_SCORE,
    INKS,
    LOWEST_DIGIT_PX,
)

if TYPE_CHECKING:
    from nn_perception.capabilities.digits.digit_reader import DigitReader
    from nn_perception.core.imaging.image_files import Image
    from nn_perception.core.results import DigitReading

LOG = logging.getLogger(__name__)

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Found:
    """What is printed of one file; the boxes are in pixels of the picture as it is stored."""

    reading: DigitReading
    boxes: list[Box]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    add_file_arguments(parser)
    parser.add_argument(
        '--model',
        default=DEFAULT_DIGIT_MODEL,
        help="a digit model from 'nn_perception models', or the path of a checkpoint "
        '(default: %(default)s)',
    )
    _add_reading_arguments(parser)
    add_overlay_argument(parser, 'boxes and digits')
    add_engine_arguments(parser)


def _add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is looked for."""
    parser.add_argument(
        '--min-score',
        type=probability,
        default=DIGIT_MIN_SCORE,
        metavar='S',
        help='drop digits below this score, 0 to 1 (default: %(default)s)',
    )
    parser.add_argument(
        '--ink',
        choices=INKS,
        default='auto',
        help='whether the writing is darker or lighter than its ground; auto looks for both '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--min-height',
        type=whole_number(8, 1000),
        default=LOWEST_DIGIT_PX,
        metavar='PX',
        help='leave out writing lower than this, in pixels (default: %(default)s)',
    )
    parser.add_argument(
        '--max-candidates',
        type=whole_number(1, 2048),
        default=DIGIT_MAX_CANDIDATES,
        metavar='N',
        help='look at so many places of a picture at most (default: %(default)s)',
    )


def run(args: argparse.Namespace) -> int:
    """Read the files."""
    from nn_perception.capabilities.digits.digit_reader import DigitReader
    from nn_perception.core.imaging.draw import draw_digits

    try:
        overlays = open_overlays(args)
        reader = DigitReader.open(args.model, **engine_options(args))
    except (OSError, ValueError, RuntimeError) as error:
        return unusable('digits', error)

    def read(file: str, image: Image) -> Found:
        reading = _reading(reader, file, image, args)
        if overlays:
            overlays.write(file, draw_digits(image, reading))
        return Found(reading, _stored_boxes(file, image, reading))

    return work_through(args, read, _fields, _text)


def _reading(
    reader: DigitReader, file: str, image: Image, args: argparse.Namespace
) -> DigitReading:
    """Read one picture, and warn when not all of it was looked at."""
    reading = reader.read(
        image,
        min_score=args.min_score,
        ink=args.ink,
        min_height_px=args.min_height,
        max_candidates=args.max_candidates,
    )
    if reading.capped:
        LOG.warning(
            '%s holds more places that may be digits than --max-candidates (%d); the '
            'least sharp ones were not looked at',
            file,
            args.max_candidates,
        )
    return reading


def _stored_boxes(file: str, image: Image, reading: DigitReading) -> list[Box]:
    """Turn the boxes of an upright picture as the picture lies in its file."""
    from nn_perception.core.imaging.exif_orientation import read_orientation, to_stored

    orientation = read_orientation(file)
    size = (image.shape[1], image.shape[0])
    return [to_stored(digit.bbox, orientation, size) for digit in reading.digits]


def _fields(found: Found) -> dict[str, Any]:
    digits = [
        {
            'digit': digit.label,
            'score': round(digit.score, 6),
            'bbox': [round(value, 2) for value in bbox],
        }
        for digit, bbox in zip(found.reading.digits, found.boxes, strict=True)
    ]
    return {'digits': digits, 'lines': list(found.reading.lines)}


def _text(found: Found) -> str:
    return ''.join(f'  {line}\n' for line in found.reading.lines) or '  no digits\n'
