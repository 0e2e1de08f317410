"""Results of the pipelines as the page gets them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from nn_perception.capabilities.json_fields import (
    digit_fields,
    tag_fields,
    tracked_people_fields,
)
from nn_perception.core.results import DigitReading, Person, Tag
from nn_perception.studio.backend.capabilities import DIGITS, POSES, TAGS


def tag_values(tags: Sequence[Tag], source: str) -> dict[str, Any]:  # noqa: ARG001
    """Return tags, best first."""
    return tag_fields(tags)


def digit_values(reading: DigitReading, source: str) -> dict[str, Any]:  # noqa: ARG001
    """Return digits in reading order, and the text of each line."""
    return digit_fields(reading.digits, reading.lines)


def people_values(people: Sequence[Person], source: str) -> dict[str, Any]:
    """
    Return people, best first.

    :param source: of the frame; is left out of their ids
    """
    return tracked_people_fields(
        [replace(person, id=person.id.removeprefix(f'{source}_')) for person in people]
    )


# capability -> what the page gets of a result and the source of its frame
VALUES: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    TAGS: tag_values,
    DIGITS: digit_values,
    POSES: people_values,
}
