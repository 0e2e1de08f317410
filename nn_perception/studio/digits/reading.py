"""What was read on the pad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nn_perception.capabilities.digits.patches import Patches
from nn_perception.core.results import DigitReading
import numpy as np

NOTHING = 'Nothing is drawn yet.'
SEVERAL = 'There seem to be several digits, read as one here; "Whole line" reads each.'
NO_LINES = 'The reader finds no digits.'
# The last class of the networks.
NOT_A_DIGIT = 'not a digit'


@dataclass(frozen=True)
class NetworkScores:
    """
    What a network says.

    :param name: of the network
    :param scores: probabilities of 0 to 9 and of "not a digit"
    :param time_ms: that it took
    """

    name: str
    scores: tuple[float, ...]
    time_ms: float

    @property
    def best(self) -> str:
        """The label with the highest score."""
        best = int(np.argmax(self.scores))
        return str(best) if best < 10 else NOT_A_DIGIT

    def values(self) -> dict[str, Any]:
        """Return what the browser gets."""
        return {
            'name': self.name,
            'scores': [round(score, 5) for score in self.scores],
            'best': self.best,
            'time_ms': round(self.time_ms, 3),
        }


@dataclass(frozen=True)
class PadReading:
    """
    The whole drawing, read as one digit.

    :param picture: what the networks have seen, float32, ``(28, 28)``; None if nothing is drawn
    :param networks: what each network says
    :param prepare_ms: that it took to make the picture
    :param message: what the user must know, in words; empty: nothing
    """

    picture: Patches | None
    networks: tuple[NetworkScores, ...] = ()
    prepare_ms: float = 0.0
    message: str = ''

    def values(self) -> dict[str, Any]:
        """Return what the browser gets."""
        picture = None if self.picture is None else np.rint(self.picture * 255)
        return {
            'state': 'read' if self.networks else 'empty',
            'message': self.message,
            'picture': None if picture is None else picture.astype(int).ravel().tolist(),
            'networks': [one.values() for one in self.networks],
            'prepare_ms': round(self.prepare_ms, 3),
        }


@dataclass(frozen=True)
class LinesReading:
    """
    The digits of the whole drawing.

    :param reading: what the digit reader has found; None if nothing is drawn
    :param time_ms: that it took
    :param message: what the user must know, in words; empty: nothing
    """

    reading: DigitReading | None
    time_ms: float = 0.0
    message: str = ''

    def values(self) -> dict[str, Any]:
        """Return what the browser gets; boxes are in pixels of the drawing."""
        reading = self.reading
        digits = reading.digits if reading else ()
        return {
            'state': 'read' if reading else 'empty',
            'message': self.message,
            'lines': list(reading.lines) if reading else [],
            'digits': [
                {
                    'digit': digit.label,
                    'score': round(digit.score, 4),
                    'bbox': [round(value, 1) for value in digit.bbox],
                }
                for digit in digits
            ],
            'time_ms': round(self.time_ms, 3),
        }
