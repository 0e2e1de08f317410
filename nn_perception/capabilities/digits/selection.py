"""Choose the digits among the candidates, by what the network and the ground say of them."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.capabilities.digits.detector import Candidate
from nn_perception.capabilities.digits.letter_filter import among_letters
from nn_perception.core.results import Box, Digit
import numpy as np
from numpy.typing import NDArray

DIGITS = tuple('0123456789')
# What the network does not prefer to guessing is no digit, whatever the threshold.
LEAST_SCORE = 1.0 / 11.0
# A part of a digit often looks like another one: twice the height counts as much as so much score.
LARGER = 0.1
# Of two places of which one covers so much of the other, one is the digit.
SAME_PLACE = 0.5
# A one is no more than a bar, and bars are everywhere: where no other digit of its size is within
# so many heights, its ground must be that of paper.
MOST_UNEVEN_LONELY_ONE = 0.12
COMPANY = 3.0
LIKE_HEIGHT = 2.0


def choose(
    candidates: Sequence[Candidate],
    scores: NDArray[np.float32],
    uneven: Sequence[float],
    min_score: float,
) -> list[Digit]:
    """
    Turn candidates into digits, at most one at a place.

    :param scores: probabilities of 0 to 9, float32, ``(N, 10)``
    :param uneven: of the ground of each candidate
    :param min_score: leave out digits below this score
    :returns: in no order
    """
    best = scores.max(axis=1, initial=0.0)
    readable = best >= max(min_score, LEAST_SCORE)
    places = _one_a_place([candidate.bbox for candidate in candidates], best, readable)
    found = [
        (Digit(DIGITS[int(scores[i].argmax())], float(best[i]), candidates[i].bbox), uneven[i])
        for i in places
        if readable[i]
    ]
    others = [candidates[i].bbox for i in places if not readable[i]]
    letters = among_letters([digit.bbox for digit, _ in found], others)
    kept = [one for one, letter in zip(found, letters, strict=True) if not letter]
    company = [digit.bbox for digit, _ in kept if digit.label != '1']
    return [
        digit
        for digit, unevenness in kept
        if digit.label != '1'
        or unevenness < MOST_UNEVEN_LONELY_ONE
        or any(_near(digit.bbox, bbox) for bbox in company)
    ]


def _one_a_place(
    boxes: Sequence[Box], best: NDArray[np.float32], readable: NDArray[np.bool_]
) -> list[int]:
    """Leave out what lies over something better; what can be read is better than what cannot."""
    heights = np.array([box[3] for box in boxes])
    rank = best + LARGER * np.log2(np.maximum(heights, 1.0))
    kept: list[int] = []
    for i in np.lexsort((-rank, ~readable)):
        if all(_covered(boxes[i], boxes[k]) < SAME_PLACE for k in kept):
            kept.append(int(i))
    return kept


def _covered(one: Box, other: Box) -> float:
    """Measure how much of the smaller of two boxes the larger covers."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min(one[2] * one[3], other[2] * other[3])


def _near(one: Box, other: Box) -> bool:
    """Tell whether two boxes may be digits of one text."""
    higher, lower = max(one[3], other[3]), min(one[3], other[3])
    across = abs(one[0] + one[2] / 2 - other[0] - other[2] / 2)
    down = abs(one[1] + one[3] / 2 - other[1] - other[3] / 2)
    return higher < LIKE_HEIGHT * lower and max(across, down) < COMPANY * higher
