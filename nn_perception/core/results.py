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
    One class that an image was given.

    :param label: name of the class
    :param score: probability in ``[0, 1]``
    """

    label: str
    score: float


@dataclass(frozen=True)
class Digit:
    """
    One digit in an image.

    :param label: ``'0'`` to ``'9'``
    :param score: probability in ``[0, 1]``
    :param bbox: left, top, width and height of its ink, in pixels of the image
    """

    label: str
    score: float
    bbox: Box


@dataclass(frozen=True)
class DigitReading:
    """
    The digits of one image.

    :param rows: the digits of each line of writing, left to right; lines from top to bottom
    :param candidates: how many places were looked at by the network
    :param capped: whether there were more places than the network was allowed to look at
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
    One joint of a person.

    :param x: in pixels of the image, from its left edge; may lie outside
    :param y: from its upper edge
    :param score: how certain it is seen there, in ``[0, 1]``
    """

    x: float
    y: float
    score: float


@dataclass(frozen=True)
class Person:
    """
    One person in an image.

    :param score: how certain it is one, in ``[0, 1]``
    :param bbox: left, top, width and height in pixels of the image
    :param keypoints: 17, in the order of
        :data:`nn_perception.capabilities.poses.skeleton.KEYPOINT_NAMES`
    :param id: stays the same while the person is tracked; empty where nobody tracks
    """

    score: float
    bbox: Box
    keypoints: tuple[Keypoint, ...]
    id: str = ''

    def without_unsure_joints(self, min_score: float) -> Person:
        """Take joints below a score as not seen: their x, y and score become 0."""
        unseen = Keypoint(0.0, 0.0, 0.0)
        return replace(
            self,
            keypoints=tuple(
                joint if joint.score >= min_score else unseen for joint in self.keypoints
            ),
        )
