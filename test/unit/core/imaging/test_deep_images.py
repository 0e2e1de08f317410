"""Images with more than 8 bits look the same by every way in."""

from __future__ import annotations

from pathlib import Path

import cv2
from encoding_cases import Array, interleaved_rows, message, RawMessage, stretched
from image_bytes import compressed, png
from image_ways import by_both_ways, written
from nn_perception.core.imaging.encodings import compressed_to_bgr, rosbags_image, to_bgr
from nn_perception.core.imaging.image_files import read_image
import numpy as np
import pytest


def twelve_bits(shape: tuple[int, ...] = (40, 50)) -> Array:
    """Make an image of a camera with 12 bits: dark corner, bright corner."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    values = 60 + (y * 37 + x * 53) % 4000
    return np.stack([values, values[::-1], values[:, ::-1]], axis=-1).astype(np.uint16)


def raw(encoding: str, pixels: Array, dtype: str) -> Array:
    """Convert as a raw message."""
    msg: RawMessage = message(encoding, interleaved_rows(pixels, dtype), pixels.shape[1])
    return to_bgr(msg, rosbags_image())


GREY_12 = twelve_bits()[:, :, 0]
BGR_12 = twelve_bits()
UNIT = GREY_12.astype(np.float32) / 4095
DEEP = {
    'grey png': (GREY_12, '<u2', ('16UC1', 'mono16'), ('.png', '.tiff', '.pgm')),
    'colour png': (BGR_12, '<u2', ('bgr16', '16UC3'), ('.png', '.tiff', '.ppm')),
    'floats to 1': (UNIT, '<f4', ('32FC1',), ('.tiff', '.pfm')),
    'floats beyond 1': (UNIT * 300 - 20, '<f4', ('32FC1',), ('.tiff', '.pfm')),
    'colours of floats': (BGR_12.astype(np.float32) / 4095, '<f4', ('32FC3',), ('.tiff', '.pfm')),
}


@pytest.mark.parametrize('name', DEEP)
def test_each_way_in_scales_alike(name: str, tmp_path: Path) -> None:
    pixels, dtype, encodings, suffixes = DEEP[name]
    expected = stretched(pixels)
    if pixels.ndim == 2:
        expected = np.dstack([expected] * 3)
    assert expected.mean() > 60
    for encoding in encodings:
        difference = np.abs(raw(encoding, pixels, dtype).astype(int) - expected)
        assert difference.max() <= 1, encoding
    for suffix in suffixes:
        image = by_both_ways(tmp_path, written(suffix, pixels))
        assert np.abs(image.astype(int) - expected).max() <= 1, suffix


def test_doubles_and_signed_integers_in_a_tiff(tmp_path: Path) -> None:
    for pixels in (GREY_12.astype(np.float64) * 1e-9, GREY_12.astype(np.int32) * 1000 - 50_000):
        image = by_both_ways(tmp_path, written('.tiff', pixels))
        assert np.abs(image[:, :, 0].astype(int) - stretched(GREY_12)).max() <= 1


def test_deep_transparency_has_its_own_range(tmp_path: Path) -> None:
    alpha = np.full(GREY_12.shape, 65535, np.uint16)
    alpha[:, :25] = 0
    path = tmp_path / 'image.png'
    path.write_bytes(png(np.dstack([BGR_12[:, :, ::-1], alpha]), 6))
    image = read_image(path)
    assert (image[:, :25] == 255).all()
    assert np.abs(image[:, 25:].astype(int) - stretched(BGR_12)[:, 25:]).max() <= 1


def test_a_12_bit_image_that_was_met(cases: Path) -> None:
    path = cases / '09_compressed_16bit_png_black' / 'grey16_12bit.png'
    stored = path.read_bytes()
    pixels = cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_UNCHANGED)
    expected = raw('16UC1', pixels, '<u2')
    assert 60 < expected.mean() < 200
    np.testing.assert_array_equal(read_image(path), expected)
    received = compressed_to_bgr(compressed(stored, '16UC1; png compressed'))
    np.testing.assert_array_equal(received, expected)
