"""Drawings of the pad: their format, and how they become digits like those of MNIST."""

from __future__ import annotations

import cv2
from nn_perception.core.imaging.image_files import encode_png
from nn_perception.studio.digits.drawing import (
    count_parts,
    decode_drawing,
    Drawing,
    is_empty,
    MAX_SIDE_PX,
    to_digit,
    to_page,
    unpack_drawing,
)
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


def test_parts() -> None:
    assert count_parts(np.zeros((8, 8), np.uint8)) == 0
    assert count_parts(bar(10)) == 1
    assert count_parts(np.maximum(bar(10), ring(10))) == 2


def test_page_is_dark_on_white() -> None:
    page = to_page(bar(10))
    assert page.shape == (240, 320, 3)
    assert page[0, 0].tolist() == [255, 255, 255]
    assert page[100, 40].tolist() == [0, 0, 0]


def test_png_and_pixels_are_the_same() -> None:
    pad = ring(9)
    png = encode_png(np.asarray(cv2.cvtColor(pad, cv2.COLOR_GRAY2BGR), np.uint8))
    assert np.array_equal(decode_drawing(png), pad)
    assert np.array_equal(unpack_drawing(pad.tobytes(), 320, 240), pad)


@pytest.mark.parametrize(
    ('size', 'width', 'height', 'words'),
    [
        (99, 10, 10, 'has 100 bytes, but 99 came'),
        (0, 0, 10, 'at most 1024 x 1024'),
        (10, 10, 0, 'at most 1024 x 1024'),
        (1025, MAX_SIDE_PX + 1, 1, 'at most 1024 x 1024'),
    ],
)
def test_wrong_pixels(size: int, width: int, height: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        unpack_drawing(bytes(size), width, height)


@pytest.mark.parametrize('shape', [(1025, 10), (10, 2000), (1200, 1200)])
def test_large_picture(shape: tuple[int, int]) -> None:
    png = encode_png(np.zeros((*shape, 3), np.uint8))
    with pytest.raises(ValueError, match=r'^The drawing|^A drawing'):
        decode_drawing(png)


@pytest.mark.parametrize('body', [b'', b'\x89PNG\r\n\x1a\n', b'GIF89a', b'<svg/>', bytes(1000)])
def test_no_picture(body: bytes) -> None:
    with pytest.raises(ValueError, match=r'^The drawing .*\.$'):
        decode_drawing(body)
