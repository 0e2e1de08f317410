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
