"""Very large images are read at a smaller size."""

from __future__ import annotations

from pathlib import Path

from nn_perception.capabilities.digits import large_images
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.digits.large_images import (
    enlarge_boxes,
    MAX_READ_PIXELS,
    shrink_large,
)
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.results import Box, Digit, DigitReading
import numpy as np
import pytest


def test_an_image_of_the_limit_is_read_as_it_is() -> None:
    image = np.zeros((4000, MAX_READ_PIXELS // 4000, 3), np.uint8)
    same, scale = shrink_large(image)
    assert same is image
    assert scale == 1.0


@pytest.mark.parametrize('shape', [(5000, 7000, 3), (4001, 4000, 3), (100, 400_000, 3)])
def test_a_larger_image_is_shrunk_to_the_limit(shape: tuple[int, int, int]) -> None:
    shrunk, scale = shrink_large(np.full(shape, 7, np.uint8))
    assert (shrunk == 7).all()
    assert shrunk[..., 0].size <= MAX_READ_PIXELS
    assert shrunk.shape[0] == pytest.approx(shape[0] * scale, abs=1)


def test_boxes_are_those_of_the_image() -> None:
    digit = Digit('7', 0.5, Box(10.0, 20.0, 4.0, 6.0))
    reading = enlarge_boxes(DigitReading(((digit,),), 3, capped=True), 0.5)
    assert reading.digits == (Digit('7', 0.5, Box(20.0, 40.0, 8.0, 12.0)),)
    assert (reading.candidates, reading.capped) == (3, True)


def test_digits_are_read_at_a_smaller_size(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = read_image(repository / 'nn_perception/samples/digits/board.jpg')
    reader = DigitReader.open()
    expected = reader.read(board)
    monkeypatch.setattr(large_images, 'MAX_READ_PIXELS', board[..., 0].size * 2 // 3)
    found = reader.read(board)
    assert found.lines == expected.lines
    for one, other in zip(found.digits, expected.digits, strict=True):
        np.testing.assert_allclose(one.bbox, other.bbox, atol=8)
