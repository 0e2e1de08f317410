"""Lines of digits and their order."""

from __future__ import annotations

import math

from nn_perception.capabilities.digits.reading_order import group_into_lines
from nn_perception.core.results import Digit, DigitReading
import numpy as np
import pytest


def digit(label: str, x: float, y: float, height: float = 40.0) -> Digit:
    """Make a digit with its centre at a point."""
    width = 0.6 * height
    return Digit(label, 0.9, (x - width / 2, y - height / 2, width, height))


def texts(digits: list[Digit]) -> tuple[str, ...]:
    return DigitReading(group_into_lines(digits), len(digits), False).lines


def test_no_digits_no_lines() -> None:
    assert group_into_lines([]) == ()


def test_lines_are_read_from_top_left_to_bottom_right() -> None:
    digits = [digit(label, 50 + 45 * i, 60) for i, label in enumerate('123')]
    digits += [digit(label, 50 + 45 * i, 130) for i, label in enumerate('456')]
    shuffled = [digits[i] for i in np.random.default_rng(0).permutation(6)]
    assert texts(shuffled) == ('123', '456')


@pytest.mark.parametrize('angle_deg', [-10, -5, 5, 10])
def test_lines_may_be_slanted(angle_deg: float) -> None:
    turn = math.radians(angle_deg)
    digits = []
    for row, text in enumerate(('12345678', '87654321')):
        for i, label in enumerate(text):
            x, y = 60.0 * i, 70.0 * row
            digits.append(
                digit(
                    label,
                    x * math.cos(turn) - y * math.sin(turn),
                    x * math.sin(turn) + y * math.cos(turn),
                )
            )
    assert texts(digits) == ('12345678', '87654321')


def test_digits_that_are_far_apart_are_not_one_number() -> None:
    digits = [digit('1', 0, 0), digit('2', 40, 0), digit('3', 400, 5), digit('4', 440, 5)]
    assert texts(digits) == ('12', '34')


def test_digits_of_different_heights_are_not_one_number() -> None:
    assert texts([digit('1', 0, 0, 100), digit('2', 60, 0, 30)]) == ('1', '2')


def test_numbers_side_by_side_come_before_those_below() -> None:
    digits = [digit('5', 500, 4), digit('1', 0, 0), digit('9', 0, 80), digit('7', 500, 84)]
    assert texts(digits) == ('1', '5', '9', '7')


def test_digits_are_listed_in_reading_order() -> None:
    reading = DigitReading(group_into_lines([digit('2', 50, 0), digit('1', 0, 0)]), 2, False)
    assert [one.label for one in reading.digits] == ['1', '2']
