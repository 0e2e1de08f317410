"""Tell digits from letters that look like them by what stands beside them."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.core.results import Box
import numpy as np
from numpy.typing import NDArray

# Signs of one word: gap and step in heights of the higher one, and how much heights may differ.
CLOSE = 0.4
LARGEST_STEP = 0.4
LIKE_HEIGHT = 1.7


def among_letters(digits: Sequence[Box], others: Sequence[Box]) -> list[bool]:
    """
    Find the digits that are letters.

    The S of a word looks like a 5, its l like a 1, its o like a 0. But most signs of a word look
    like no digit.

    :param digits: left, top, width, height of what was read as digits
    :param others: of what was not, none of them over a digit
    :returns: for each of the digits, whether most signs of its word are others
    """
    if not digits or not others:
        return [False] * len(digits)
    boxes = np.array([*digits, *others])
    word = _words(boxes)
    is_other = np.arange(len(boxes)) >= len(digits)
    size = np.bincount(word)
    letters = np.bincount(word, weights=is_other)
    crowded = 2 * letters > size
    return [bool(crowded[word[i]]) for i in range(len(digits))]


def _words(boxes: NDArray[np.float64]) -> NDArray[np.intp]:
    """Number the words that boxes belong to: chains of close neighbours."""
    left, width, height = boxes[:, 0], boxes[:, 2], boxes[:, 3]
    right, middle = left + width, boxes[:, 1] + height / 2
    higher = np.maximum(height[:, None], height)
    lower = np.minimum(height[:, None], height)
    gap = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    close = (gap < CLOSE * higher) & (higher < LIKE_HEIGHT * lower)
    close &= np.abs(middle[:, None] - middle) < LARGEST_STEP * higher
    word = np.arange(len(boxes))
    for one, other in zip(*np.nonzero(np.triu(close, 1)), strict=True):
        word[word == word[other]] = word[one]
    return word
