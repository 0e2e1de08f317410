"""How drawings become digits like those of MNIST."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.single.pen_drawing import Drawing, is_empty, to_digit
import numpy as np
import pytest


def bar(pen: int, length: int = 160, left: int = 40, top: int = 30) -> Drawing:
    """Draw a vertical bar."""
    pad = np.zeros((240, 320), np.uint8)
    cv2.line(pad, (left, top), (left, top + length), 255, pen, cv2.LINE_AA)
    return pad


def ring(pen: int, radius: int = 70) -> Drawing:
    """Draw a circle."""
    pad = np.zeros((240, 320), np.uint8)
    cv2.circle(pad, (200, 120), radius, 255, pen, cv2.LINE_AA)
    return pad


@pytest.mark.parametrize('pad', [bar(12), bar(12, left=300, top=70), ring(10), ring(18, 40)])
def test_centre_of_mass_and_size(pad: Drawing) -> None:
    digit = to_digit(pad)
    assert digit.shape == (28, 28)
    moments = cv2.moments(digit)
    assert moments['m10'] / moments['m00'] == pytest.approx(13.5, abs=0.75)
    assert moments['m01'] / moments['m00'] == pytest.approx(13.5, abs=0.75)
    rows = np.flatnonzero(digit.max(axis=1) > 0.3)
    assert np.ptp(rows) + 1 == pytest.approx(20, abs=1)


@pytest.mark.parametrize('length', [40, 160, 200])
def test_keeps_the_aspect_ratio(length: int) -> None:
    ink = to_digit(bar(round(length * 0.15), length)) > 0.5
    width, height = np.ptp(np.nonzero(ink)[1]) + 1, np.ptp(np.nonzero(ink)[0]) + 1
    assert width == pytest.approx(0.15 * height, abs=1.2)


@pytest.mark.parametrize('pen', [1, 2, 5, 12, 20, 30, 45])
def test_any_pen_becomes_one_of_mnist(pen: int) -> None:
    digit = to_digit(ring(pen))
    # As much ink as a ring of 2 to 4 pixels in a box of 20 has: a thin pen does not fade ...
    assert 0.75 * np.pi * 18 * 2 < digit.sum() < 1.25 * np.pi * 16 * 4
    assert digit.max() > 0.9
    # ... and a thick one does not fill the loop.
    assert digit[12:16, 12:16].max() < 0.5


def test_a_blob_stays() -> None:
    pad = np.zeros((240, 320), np.uint8)
    cv2.circle(pad, (200, 120), 70, 255, -1)
    assert to_digit(pad).sum() > 10


@pytest.mark.parametrize('radius', [0, 1, 3])
def test_a_dot_is_a_drawing(radius: int) -> None:
    pad = np.zeros((240, 320), np.uint8)
    cv2.circle(pad, (319, 239), radius, 255, -1)
    assert not is_empty(pad)
    assert to_digit(pad).sum() > 1


def test_faint_ink_is_none() -> None:
    assert is_empty(np.zeros((240, 320), np.uint8))
    assert is_empty(np.full((240, 320), 20, np.uint8))
    assert not is_empty(bar(1))
