"""
Result messages as the values that the page draws: those of ``--json``, and the ids of people.

Messages come from anybody on the network: numbers that are not finite are left out, and there is a
limit on how much one of them can hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
import math
from typing import Any

from nn_perception.capabilities.digits.reading_order import group_into_lines
from nn_perception.capabilities.json_fields import (
    digit_fields,
    tag_fields,
    tracked_people_fields,
)
from nn_perception.core.quoting import shortened
from nn_perception.core.results import Box, Digit, Keypoint, Person, Tag
from nn_perception.studio.backend.capabilities import DIGITS, POSES, TAGS
from nn_perception_interfaces.msg import HumanPose, HumanPoseArray
from vision_msgs.msg import BoundingBox2D, Classification, Detection2DArray

MAX_TAGS, MAX_DIGITS, MAX_PEOPLE = 1000, 2048, 100


def tag_values(msg: Classification) -> dict[str, Any]:
    """Return the tags of an image, best first."""
    return tag_fields(
        Tag(shortened(result.class_id), result.score)
        for result in islice(msg.results, MAX_TAGS)
        if math.isfinite(result.score)
    )


def digit_values(msg: Detection2DArray, text: str | None = None) -> dict[str, Any]:
    """
    Return the digits of an image in reading order.

    :param text: the lines of text that were published beside them; None: they are found again
    """
    digits = list(_digits(msg))
    lines = text.split('\n') if text else None
    if lines is None or ''.join(lines) != ''.join(digit.label for digit in digits):
        lines = [''.join(digit.label for digit in line) for line in group_into_lines(digits)]
    return digit_fields(digits, lines)


def people_values(msg: HumanPoseArray) -> dict[str, Any]:
    """Return the people of an image, with their ids."""
    return tracked_people_fields(
        [_person(pose) for pose in islice(msg.poses, MAX_PEOPLE) if _is_finite(pose)]
    )


def digit_text(msg: Detection2DArray) -> str:
    """Return the labels of all digits in one line."""
    return ''.join(digit.label for digit in _digits(msg))


# capability -> type of its message, and what the page gets of it
RESULTS: dict[str, tuple[type, Callable[[Any], dict[str, Any]]]] = {
    TAGS: (Classification, tag_values),
    DIGITS: (Detection2DArray, digit_values),
    POSES: (HumanPoseArray, people_values),
}


def _digits(msg: Detection2DArray) -> Iterator[Digit]:
    for detection in islice(msg.detections, MAX_DIGITS):
        if not detection.results:
            continue
        best = detection.results[0].hypothesis
        box = _box(detection.bbox)
        if math.isfinite(best.score) and _all_finite(box):
            yield Digit(shortened(best.class_id), best.score, box)


def _person(pose: HumanPose) -> Person:
    keypoints = tuple(Keypoint(point.x, point.y, point.score) for point in pose.keypoints)
    return Person(pose.score, _box(pose.bbox), keypoints, shortened(pose.id))


def _is_finite(pose: HumanPose) -> bool:
    numbers = [pose.score, *_box(pose.bbox)]
    for point in pose.keypoints:
        numbers += [point.x, point.y, point.score]
    return _all_finite(numbers)


def _all_finite(numbers: Sequence[float]) -> bool:
    return all(map(math.isfinite, numbers))


def _box(bbox: BoundingBox2D) -> Box:
    centre, width, height = bbox.center.position, bbox.size_x, bbox.size_y
    return Box(centre.x - width / 2, centre.y - height / 2, width, height)
