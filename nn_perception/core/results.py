"""What the networks found, in plain frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple


class Box(NamedTuple):
    """
    An axis-aligned bounding box, in pixels of the image.

    :param left: x of the left edge
    :param top: y of the upper edge
    :param width: along x
    :param height: along y
    """

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Tag:
    """
    A class of an image.

    :param label: name of the class
    :param score: probability in ``[0, 1]``
    """

    label: str
    score: float


@dataclass(frozen=True)
class SoundEvent:
    """
    A part of a recording with one tag.

    :param start_s: in seconds from the beginning of the recording
    :param end_s: in seconds from the beginning of the recording
    :param label: best label of its windows
    :param score: best score of the label in them
    """

    start_s: float
    end_s: float
    label: str
    score: float


@dataclass(frozen=True)
class Digit:
    """
    One digit in an image.

    :param label: ``'0'`` to ``'9'``
    :param score: probability in ``[0, 1]``
    :param bbox: box around its strokes, in pixels of the image
    """

    label: str
    score: float
    bbox: Box


@dataclass(frozen=True)
class DigitReading:
    """
    The digits of one image.

    :param rows: the digits of each line of text, left to right; lines from top to bottom
    :param candidates: number of places that might be digits
    :param capped: whether there were more than the maximum, which were dropped
    """

    rows: tuple[tuple[Digit, ...], ...]
    candidates: int
    capped: bool

    @property
    def digits(self) -> tuple[Digit, ...]:
        """All digits in reading order."""
        return tuple(digit for row in self.rows for digit in row)

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each line."""
        return tuple(''.join(digit.label for digit in row) for row in self.rows)


@dataclass(frozen=True)
class Keypoint:
    """
    A keypoint of a person.

    :param x: in pixels of the image, from its left edge; may be outside
    :param y: in pixels of the image, from its upper edge; may be outside
    :param score: certainty in ``[0, 1]``; 0: not seen
    """

    x: float
    y: float
    score: float


@dataclass(frozen=True)
class Person:
    """
    A person in an image.

    :param score: certainty in ``[0, 1]``
    :param bbox: in pixels of the image
    :param keypoints: 17, in the order of
        :data:`nn_perception.capabilities.poses.skeleton.KEYPOINT_NAMES`
    :param id: persistent while the person is tracked; empty without tracking
    """

    score: float
    bbox: Box
    keypoints: tuple[Keypoint, ...]
    id: str = ''

    def without_uncertain_keypoints(self, min_score: float) -> Person:
        """Set x, y and score of keypoints below a score to 0: not seen."""
        unseen = Keypoint(0.0, 0.0, 0.0)
        return replace(
            self,
            keypoints=tuple(
                point if point.score >= min_score else unseen for point in self.keypoints
            ),
        )
