"""Drawings of the pad: their format, and the ways to show them."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.single.pen_drawing import Drawing
from nn_perception.core.imaging.image_files import encode_png
from nn_perception.studio.digits.drawing import (
    count_parts,
    decode_drawing,
    MAX_SIDE_PX,
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
