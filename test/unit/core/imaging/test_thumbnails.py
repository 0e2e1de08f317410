"""Stored pictures are reduced, or returned as they are."""

import re

import cv2
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.image_files import encode_png
from nn_perception.core.imaging.thumbnails import read_picture
import numpy as np
from PIL import Image as Pillow
import pytest

RAMP = np.linspace(0, 255, 400, dtype=np.uint8)
PICTURE = np.stack([np.tile(RAMP, (200, 1))] * 3, axis=-1)  # (200, 400, 3)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'picture.png'
    path.write_bytes(encode_png(PICTURE))
    return path


@pytest.mark.parametrize('max_size_px', [0, 400, 5000])
def test_a_picture_that_is_small_enough_is_as_stored(path, max_size_px):
    assert read_picture(path, max_size_px) == (path.read_bytes(), 'png')


def test_a_larger_picture_is_reduced(path):
    jpeg, name = read_picture(path, 100)
    assert name == 'jpeg'
    small = decode_image(jpeg, upright=False)
    assert small.shape == (50, 100, 3)
    expected = cv2.resize(PICTURE, (100, 50), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).max() <= 6


def test_the_smallest_picture_has_pixels(path):
    assert decode_image(read_picture(path, 1)[0], upright=False).shape == (1, 1, 3)


def test_a_photograph_is_upright(tmp_path):
    exif = Pillow.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    path = tmp_path / 'photo.jpg'
    Pillow.fromarray(PICTURE).save(path, exif=exif)
    assert decode_image(read_picture(path, 100)[0], upright=False).shape == (100, 50, 3)


def test_16_bits_are_reduced_too(tmp_path):
    path = tmp_path / 'deep.png'
    path.write_bytes(bytes(cv2.imencode('.png', PICTURE.astype(np.uint16) * 257)[1]))
    small = decode_image(read_picture(path, 100)[0], upright=False)
    assert (small.dtype, small.shape) == (np.uint8, (50, 100, 3))
    assert small[0, -1, 0] > 240


@pytest.mark.parametrize(
    ('content', 'reason'),
    [(b'', 'is empty'), (b'hello', 'is not an image'), (encode_png(PICTURE)[:200], 'truncated')],
)
def test_what_is_no_picture(tmp_path, content, reason):
    path = tmp_path / 'picture.png'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f'{re.escape(str(path))} .*{reason}'):
        read_picture(path, 100)
    with pytest.raises(OSError, match='cannot be read: No such file'):
        read_picture(tmp_path / 'none.png')
