"""Results of the pipelines as the fields of ``--json``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nn_perception.core.results import DigitReading, Person, Tag
from nn_perception.studio.backend.capabilities import DIGITS, POSES, TAGS


def tag_values(tags: Sequence[Tag], source: str) -> dict[str, Any]:  # noqa: ARG001
    """Return tags, best first."""
    return {'tags': [{'label': tag.label, 'score': round(tag.score, 6)} for tag in tags]}


def digit_values(reading: DigitReading, source: str) -> dict[str, Any]:  # noqa: ARG001
    """Return digits in reading order, and the text of each line."""
    return {
        'digits': [
            {
                'digit': digit.label,
                'score': round(digit.score, 6),
                'bbox': [round(value, 2) for value in digit.bbox],
            }
            for digit in reading.digits
        ],
        'lines': list(reading.lines),
    }


def people_values(people: Sequence[Person], source: str) -> dict[str, Any]:
    """
    Return people, best first.

    :param source: of the frame; is left out of their ids
    """
    return {
        'people': [
            {
                'score': round(person.score, 6),
                'bbox': [round(value, 2) for value in person.bbox],
                'keypoints': [
                    [round(point.x, 2), round(point.y, 2), round(point.score, 6)]
                    for point in person.keypoints
                ],
                'id': person.id.removeprefix(f'{source}_'),
            }
            for person in people
        ]
    }


# capability -> what the page gets of a result and the source of its frame
VALUES: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    TAGS: tag_values,
    DIGITS: digit_values,
    POSES: people_values,
}
