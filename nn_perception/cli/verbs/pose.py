"""``nn_perception pose``: find people and their keypoints in pictures."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from nn_perception.capabilities.json_fields import people_fields
from nn_perception.capabilities.poses.defaults import (
    POSE_MAX_PEOPLE,
    POSE_MIN_JOINT_SCORE,
    POSE_MIN_SCORE,
    POSE_PRESETS,
)
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

if TYPE_CHECKING:
    from nn_perception.core.imaging.preprocessing import Image
    from nn_perception.core.results import Person


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_picture_arguments(parser)
    parser.add_argument(
        '--preset',
        choices=POSE_PRESETS,
        default='fast',
        help='accurate runs a second network on each person; torchvision downloads the weights '
        'of keypointrcnn_resnet50_fpn (default: %(default)s)',
    )
    parser.add_argument(
        '--min-score',
        type=probability,
        default=POSE_MIN_SCORE,
        metavar='S',
        help='drop people with a lower score, 0 to 1 (default: %(default)s)',
    )
    parser.add_argument(
        '--max-people',
        type=whole_number(1, 100),
        default=POSE_MAX_PEOPLE,
        metavar='N',
        help='maximum number of people per picture (default: %(default)s)',
    )
    add_overlay_argument(parser, 'skeletons')
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Find the people."""
    from nn_perception.capabilities.poses.overlay import draw_poses
    from nn_perception.capabilities.poses.pose_estimator import PoseEstimator

    pictures = find_pictures(args.files, leave_out=args.overlay)
    try:
        overlays = open_overlays(args.overlay, pictures)
        estimator = PoseEstimator.open(args.preset, run_options(args))
    except (OSError, ValueError, RuntimeError) as error:
        return fail('pose', error)

    def estimate(file: str, image: Image) -> list[Person]:
        people = estimator.estimate(image, min_score=args.min_score, max_people=args.max_people)
        if overlays:
            overlays.write(file, draw_poses(image, people))
        return _stored(file, image, people)

    verb = Verb(estimate, people_fields, _text, args.max_image_pixels)
    return process_pictures(pictures, verb, as_json=args.json)


def _stored(file: str, image: Image, people: list[Person]) -> list[Person]:
    """Convert the people of an upright picture to pixels of the picture as it is stored."""
    from nn_perception.core.imaging.exif_orientation import person_to_stored, read_orientation

    orientation = read_orientation(file)
    size = (image.shape[1], image.shape[0])
    return [person_to_stored(person, orientation, size) for person in people]


def _text(people: list[Person]) -> str:
    lines = []
    for person in people:
        seen = sum(joint.score >= POSE_MIN_JOINT_SCORE for joint in person.keypoints)
        left, top, width, height = (round(value) for value in person.bbox)
        lines.append(
            f'  {person.score:.3f}  {seen:2d} joints  {width} x {height} px at {left}, {top}\n'
        )
    return ''.join(lines) or '  no people\n'
