"""The most prominent digit of a picture."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.digits.single.prominent_digit import prominent_digit
from nn_perception.core.inference.run_options import RunOptions
import numpy as np
import pytest


@pytest.fixture(scope='module')
def reader() -> DigitReader:
    return DigitReader.open('digit_cnn', RunOptions(device='cpu', threads=1))


def paper(text: str, *, light: bool, size: float = 6.0) -> np.ndarray:
    """Write on paper that is darker on one side, with a small digit beside."""
    page = np.full((360, 480), 220, np.float32) - np.linspace(0, 60, 480, dtype=np.float32)
    mask = np.zeros((360, 480), np.uint8)
    cv2.putText(mask, text, (170, 250), cv2.FONT_HERSHEY_SIMPLEX, size, 255, 16, cv2.LINE_AA)
    cv2.putText(mask, '1', (30, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 2, cv2.LINE_AA)
    page = page * (1 - mask / 255.0) + 40.0 * (mask / 255.0)
    grey = np.clip(page, 0, 255).astype(np.uint8)
    grey = np.asarray(~grey if light else grey, np.uint8)
    return np.repeat(grey[..., None], 3, 2)


@pytest.mark.parametrize('light', [False, True])
@pytest.mark.parametrize('digit', ['2', '3', '7'])
def test_the_largest_digit_is_cut_out(reader: DigitReader, digit: str, light: bool) -> None:
    found = prominent_digit(paper(digit, light=light))
    assert (found.shape, found.dtype) == ((28, 28), np.float32)
    assert found[:3].max() == 0.0
    scores = reader.classify(found[None])[0]
    assert int(scores[:10].argmax()) == int(digit)
    assert scores[:10].max() > 0.8


def test_an_even_picture_has_no_ink() -> None:
    assert prominent_digit(np.full((50, 80, 3), 99, np.uint8)).max() == 0.0
    assert prominent_digit(np.full((1, 1, 3), 99, np.uint8)).max() == 0.0


def test_a_shape_that_is_no_digit_is_what_differs_from_the_ground() -> None:
    page = np.full((60, 60, 3), 200, np.uint8)
    page[:, 20:40] = 50
    found = prominent_digit(page)
    assert found.max() > 0.9
    assert found[14, 0] == found[14, 27] == 0.0


def test_what_is_no_picture_is_said() -> None:
    with pytest.raises(ValueError, match='expected an image'):
        prominent_digit(np.zeros((3, 3), np.uint8))
