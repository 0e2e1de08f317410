"""Tell digits from letters that look like digits, by their neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.core.results import Box
import numpy as np
from numpy.typing import NDArray

# Characters of one word: gap and vertical offset in heights of the higher one, ratio of heights.
MAX_GAP = 0.4
MAX_VERTICAL_OFFSET = 0.4
MAX_HEIGHT_RATIO = 1.7


def is_letter(digits: Sequence[Box], others: Sequence[Box]) -> list[bool]:
    """
    Find the digits that are letters.

    The S of a word looks like a 5, its l like a 1, its o like a 0, but most of its characters look
    like no digit.

    :param digits: boxes of what was classified as a digit
    :param others: boxes of what was not; none of them overlaps a digit
    :returns: for each of the digits, whether most characters of its word are others
    """
    if not digits or not others:
        return [False] * len(digits)
    boxes = np.array([*digits, *others])
    word = _group_into_words(boxes)
    is_other = np.arange(len(boxes)) >= len(digits)
    size = np.bincount(word)
    other_count = np.bincount(word, weights=is_other)
    mostly_others = 2 * other_count > size
    return [bool(mostly_others[word[i]]) for i in range(len(digits))]


def _group_into_words(boxes: NDArray[np.float64]) -> NDArray[np.intp]:
    """
    Number the words that boxes belong to; a word is a chain of close neighbours.

    :param boxes: ``(N, 4)``, left, top, width and height
    :returns: ``(N,)``
    """
    left, width, height = boxes[:, 0], boxes[:, 2], boxes[:, 3]
    right, middle = left + width, boxes[:, 1] + height / 2
    higher = np.maximum(height[:, None], height)
    lower = np.minimum(height[:, None], height)
    gap = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    close = (gap < MAX_GAP * higher) & (higher < MAX_HEIGHT_RATIO * lower)
    close &= np.abs(middle[:, None] - middle) < MAX_VERTICAL_OFFSET * higher
    word = np.arange(len(boxes))
    for one, other in zip(*np.nonzero(np.triu(close, 1)), strict=True):
        word[word == word[other]] = word[one]
    return word
