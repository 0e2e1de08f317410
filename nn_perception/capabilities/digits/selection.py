"""Select the digits among the candidates, by their scores and their surroundings."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.capabilities.digits.candidates import Candidate
from nn_perception.capabilities.digits.letter_filter import is_letter
from nn_perception.core.results import Box, Digit
import numpy as np
from numpy.typing import NDArray

DIGITS = tuple('0123456789')
# With eleven classes, a score at chance level is no digit, whatever the threshold.
CHANCE_SCORE = 1.0 / 11.0
# Part of a digit often looks like another digit: twice the height is worth this much score.
SCORE_PER_DOUBLED_HEIGHT = 0.1
# Two candidates are duplicates if one covers this share of the smaller one.
DUPLICATE_OVERLAP = 0.5
# A one is a mere bar, and bars are everywhere: without another digit of similar height within so
# many heights, its background must be as even as paper.
MAX_UNEVENNESS_OF_ISOLATED_ONE = 0.12
NEIGHBOUR_DISTANCE = 3.0
MAX_HEIGHT_RATIO = 2.0


def select_digits(
    candidates: Sequence[Candidate],
    scores: NDArray[np.float32],
    unevenness: Sequence[float],
    min_score: float,
) -> list[Digit]:
    """
    Turn candidates into digits, without duplicates.

    :param scores: probabilities of 0 to 9, float32, ``(N, 10)``
    :param unevenness: of the background of each candidate
    :param min_score: minimum score of a digit
    :returns: in no particular order
    """
    best = scores.max(axis=1, initial=0.0)
    is_digit = best >= max(min_score, CHANCE_SCORE)
    kept = _suppress_duplicates([candidate.bbox for candidate in candidates], best, is_digit)
    found = [i for i in kept if is_digit[i]]
    digits = [
        Digit(DIGITS[int(scores[i].argmax())], float(best[i]), candidates[i].bbox) for i in found
    ]
    others = [candidates[i].bbox for i in kept if not is_digit[i]]
    letters = is_letter([digit.bbox for digit in digits], others)
    pairs = [
        (digit, unevenness[i])
        for digit, i, letter in zip(digits, found, letters, strict=True)
        if not letter
    ]
    neighbours = [digit.bbox for digit, _ in pairs if digit.label != '1']
    return [
        digit
        for digit, uneven in pairs
        if digit.label != '1'
        or uneven < MAX_UNEVENNESS_OF_ISOLATED_ONE
        or any(_are_neighbours(digit.bbox, bbox) for bbox in neighbours)
    ]


def _suppress_duplicates(
    boxes: Sequence[Box], best: NDArray[np.float32], is_digit: NDArray[np.bool_]
) -> list[int]:
    """Keep the best candidate of each place; digits go before others."""
    heights = np.array([box.height for box in boxes])
    rank = best + SCORE_PER_DOUBLED_HEIGHT * np.log2(np.maximum(heights, 1.0))
    kept: list[int] = []
    for i in np.lexsort((-rank, ~is_digit)):
        if all(_overlap(boxes[i], boxes[k]) < DUPLICATE_OVERLAP for k in kept):
            kept.append(int(i))
    return kept


def _overlap(one: Box, other: Box) -> float:
    """Measure the intersection of two boxes, as a share of the smaller one."""
    right = min(one.left + one.width, other.left + other.width)
    bottom = min(one.top + one.height, other.top + other.height)
    width, height = right - max(one.left, other.left), bottom - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min(one.width * one.height, other.width * other.height)


def _are_neighbours(one: Box, other: Box) -> bool:
    """Tell whether two boxes may be digits of one text."""
    higher, lower = max(one.height, other.height), min(one.height, other.height)
    across = abs(one.left + one.width / 2 - other.left - other.width / 2)
    down = abs(one.top + one.height / 2 - other.top - other.height / 2)
    return higher < MAX_HEIGHT_RATIO * lower and max(across, down) < NEIGHBOUR_DISTANCE * higher
