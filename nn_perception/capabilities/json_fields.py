"""
Results as the fields of one line of ``--json``, rounded to what they mean.

The command prints them, and the page draws them, whether they come from its own networks or from
messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nn_perception.core.results import Box, Digit, Person, SoundEvent, Tag

# Of scores, of pixels, and of seconds.
SCORE_DECIMALS, PIXEL_DECIMALS, SECOND_DECIMALS = 6, 2, 3


def tag_fields(tags: Iterable[Tag]) -> dict[str, Any]:
    """Return tags, in the order given."""
    return {'tags': [{'label': tag.label, 'score': _score(tag.score)} for tag in tags]}


def event_fields(events: Iterable[SoundEvent]) -> dict[str, Any]:
    """Return what a recording holds by time, in the order given."""
    found = [
        {
            'start_s': round(event.start_s, SECOND_DECIMALS),
            'end_s': round(event.end_s, SECOND_DECIMALS),
            'label': event.label,
            'score': _score(event.score),
        }
        for event in events
    ]
    return {'tags': found}


def digit_fields(digits: Iterable[Digit], lines: Iterable[str]) -> dict[str, Any]:
    """
    Return digits, in the order given, and their text.

    :param lines: text of each line
    """
    found = [
        {'digit': digit.label, 'score': _score(digit.score), 'bbox': _box(digit.bbox)}
        for digit in digits
    ]
    return {'digits': found, 'lines': list(lines)}


def people_fields(people: Sequence[Person]) -> dict[str, Any]:
    """Return people, in the order given, without their ids."""
    return {'people': [_person(person) for person in people]}


def tracked_people_fields(people: Sequence[Person]) -> dict[str, Any]:
    """Return people, in the order given, with their ids."""
    return {'people': [{**_person(person), 'id': person.id} for person in people]}


def _person(person: Person) -> dict[str, Any]:
    return {
        'score': _score(person.score),
        'bbox': _box(person.bbox),
        'keypoints': [
            [round(point.x, PIXEL_DECIMALS), round(point.y, PIXEL_DECIMALS), _score(point.score)]
            for point in person.keypoints
        ],
    }


def _score(value: float) -> float:
    return round(value, SCORE_DECIMALS)


def _box(box: Box) -> list[float]:
    return [round(value, PIXEL_DECIMALS) for value in box]
