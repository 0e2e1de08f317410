"""Letters that look like digits."""

from __future__ import annotations

from nn_perception.capabilities.digits.letter_filter import is_letter
from nn_perception.core.results import Box


def box(x: float, height: float = 30.0) -> Box:
    return Box(x, 0.0, 20.0, height)


def test_digits_in_a_word_are_letters() -> None:
    # S u d o k u: the first and the fourth look like digits.
    boxes = [box(22.0 * i) for i in range(6)]
    assert is_letter([boxes[0], boxes[3]], [boxes[i] for i in (1, 2, 4, 5)]) == [True, True]


def test_a_number_with_a_letter_is_kept() -> None:
    boxes = [box(22.0 * i) for i in range(3)]
    assert is_letter(boxes[1:], boxes[:1]) == [False, False]
    assert is_letter(boxes[:1], [boxes[1]]) == [False]


def test_distant_letters_and_other_heights_do_not_count() -> None:
    assert is_letter([box(0.0)], [box(60.0), box(82.0), Box(0.0, 90.0, 20.0, 30.0)]) == [False]
    assert is_letter([box(0.0)], [box(22.0, 90.0), box(-22.0, 10.0)]) == [False]


def test_without_digits_or_without_others() -> None:
    assert is_letter([box(0.0)], []) == [False]
    assert is_letter([], [box(0.0)]) == []
