"""What the networks found, in plain frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass


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
    bbox: tuple[float, float, float, float]


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
