"""``nn_perception digits``: read the digits in pictures."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
import logging
from typing import Any, TYPE_CHECKING

from nn_perception.capabilities.digits.defaults import (
    DEFAULT_DIGIT_MODEL,
    DIGIT_MAX_CANDIDATES,
    DIGIT_MIN_HEIGHT_PX,
    DIGIT_MIN_SCORE,
    INKS,
)
from nn_perception.capabilities.json_fields import digit_fields
from nn_perception.cli.arguments import (
    add_engine_arguments,
    probability,
    run_options,
    whole_number,
)
from nn_perception.cli.console import fail
from nn_perception.cli.overlays import add_overlay_argument, open_overlays
from nn_perception.cli.pictures import (
    add_picture_arguments,
    find_pictures,
    process_pictures,
    Verb,
)
from nn_perception.core.command_name import command_name

if TYPE_CHECKING:
    from nn_perception.core.imaging.preprocessing import Image
    from nn_perception.core.results import Box, DigitReading

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredReading:
    """
    The digits of one file.

    :param reading: with boxes in pixels of the upright picture
    :param boxes: of its digits, in pixels of the picture as it is stored
    """

    reading: DigitReading
    boxes: list[Box]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_picture_arguments(parser)
    parser.add_argument(
        '--model',
        default=DEFAULT_DIGIT_MODEL,
        help=f"a digit model from '{command_name()} models', or the path of a checkpoint "
        '(default: %(default)s)',
    )
    _add_reading_arguments(parser)
    add_overlay_argument(parser, 'boxes and digits')
    add_engine_arguments(parser)


def _add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose what is read."""
    parser.add_argument(
        '--min-score',
        type=probability,
        default=DIGIT_MIN_SCORE,
        metavar='S',
        help='drop digits with a lower score, 0 to 1 (default: %(default)s)',
    )
    parser.add_argument(
        '--ink',
        choices=INKS,
        default='auto',
        help='whether the digits are darker or lighter than their background; auto: both '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--min-height',
        type=whole_number(8, 1000),
        default=DIGIT_MIN_HEIGHT_PX,
        metavar='PX',
        help='minimum height of a digit, in pixels (default: %(default)s)',
    )
    parser.add_argument(
        '--max-candidates',
        type=whole_number(1, 2048),
        default=DIGIT_MAX_CANDIDATES,
        metavar='N',
        help='maximum number of places per picture that are classified (default: %(default)s)',
    )


def run(args: argparse.Namespace) -> int:
    """Read the digits."""
    from nn_perception.capabilities.digits.digit_reader import DigitReader
    from nn_perception.capabilities.digits.overlay import draw_digits
    from nn_perception.capabilities.digits.pipeline import DigitOptions, DigitPipeline
    from nn_perception.core.frame import Frame

    pictures = find_pictures(args.files, leave_out=args.overlay)
    options = DigitOptions(
        min_score=args.min_score,
        ink=args.ink,
        min_height_px=args.min_height,
        max_candidates=args.max_candidates,
    )
    try:
        overlays = open_overlays(args.overlay, pictures)
        pipeline = DigitPipeline(DigitReader.open(args.model, run_options(args)), options)
    except (OSError, ValueError, RuntimeError) as error:
        return fail('digits', error)

    def read(file: str, image: Image) -> StoredReading:
        (reading,) = pipeline.process([Frame(image, file)])
        if reading.capped:
            LOG.warning(
                '%s has more places that may be digits than --max-candidates (%d); the least '
                'sharp ones were skipped',
                file,
                args.max_candidates,
            )
        if overlays:
            overlays.write(file, draw_digits(image, reading))
        return StoredReading(reading, _stored_boxes(file, image, reading))

    verb = Verb(read, _fields, _text, args.max_image_pixels)
    return process_pictures(pictures, verb, as_json=args.json)


def _stored_boxes(file: str, image: Image, reading: DigitReading) -> list[Box]:
    """Convert the boxes of an upright picture to pixels of the picture as it is stored."""
    from nn_perception.core.imaging.exif_orientation import read_orientation, to_stored

    orientation = read_orientation(file)
    size = (image.shape[1], image.shape[0])
    return [to_stored(digit.bbox, orientation, size) for digit in reading.digits]


def _fields(stored: StoredReading) -> dict[str, Any]:
    pairs = zip(stored.reading.digits, stored.boxes, strict=True)
    digits = [replace(digit, bbox=bbox) for digit, bbox in pairs]
    return digit_fields(digits, stored.reading.lines)


def _text(stored: StoredReading) -> str:
    return ''.join(f'  {line}\n' for line in stored.reading.lines) or '  no digits\n'
