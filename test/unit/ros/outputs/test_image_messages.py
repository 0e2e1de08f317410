"""Messages built from pictures and results."""

from __future__ import annotations

import io
import math

from builtin_interfaces.msg import Time
from nn_perception.ros.inputs.image_decoding import compressed_to_bgr, to_bgr
from nn_perception.ros.outputs.image_messages import (
    camera_info_message,
    compressed_image_message,
    image_message,
    PUBLISHED_ENCODINGS,
)
import numpy as np
from PIL import Image as Pillow
import pytest
from std_msgs.msg import Header

HEADER = Header(stamp=Time(sec=1_700_000_000, nanosec=123_456_789), frame_id='optical')

# Encoding -> what each byte of a pixel is, given its blue, green and red.
LAYOUTS = {
    'bgr8': lambda b, g, r: [b, g, r],
    'rgb8': lambda b, g, r: [r, g, b],
    'bgra8': lambda b, g, r: [b, g, r, 255],
    'rgba8': lambda b, g, r: [r, g, b, 255],
    # ITU-R BT.601, full range.
    'mono8': lambda b, g, r: [math.floor(0.299 * r + 0.587 * g + 0.114 * b + 0.5)],
}


def noise(height: int, width: int) -> np.ndarray:
    """Draw a picture, uint8 BGR."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_every_published_encoding_is_tested() -> None:
    assert set(LAYOUTS) == set(PUBLISHED_ENCODINGS)


@pytest.mark.parametrize('encoding', LAYOUTS)
@pytest.mark.parametrize('size', [(4, 6), (3, 5), (1, 1), (1, 7), (7, 1)])
def test_image(encoding: str, size: tuple[int, int]) -> None:
    picture = noise(*size)
    msg = image_message(picture, HEADER, encoding)
    assert msg.header == HEADER
    assert (msg.height, msg.width, msg.encoding, msg.is_bigendian) == (*size, encoding, 0)
    expected = [LAYOUTS[encoding](*(int(v) for v in pixel)) for pixel in picture.reshape(-1, 3)]
    assert msg.step == size[1] * len(expected[0])
    stored = np.array(list(msg.data)).reshape(-1, len(expected[0]))
    assert np.abs(stored - np.array(expected)).max() <= (1 if encoding == 'mono8' else 0)


@pytest.mark.parametrize('encoding', sorted(set(LAYOUTS) - {'mono8'}))
def test_image_comes_back_from_its_message(encoding: str) -> None:
    picture = noise(5, 7)
    assert np.array_equal(to_bgr(image_message(picture, HEADER, encoding)), picture)


@pytest.mark.parametrize('encoding', LAYOUTS)
@pytest.mark.parametrize(
    'part',
    [np.s_[:, 2:5], np.s_[::2], np.s_[::-1, ::-1], np.s_[:, :, ::-1]],
    ids=['columns', 'every other row', 'turned round', 'channels swapped'],
)
def test_image_of_a_view(encoding: str, part: tuple[slice, ...]) -> None:
    view = noise(6, 9)[part]
    assert image_message(view, HEADER, encoding) == image_message(view.copy(), HEADER, encoding)


def test_image_of_a_picture_that_is_read_only() -> None:
    picture = noise(2, 2)
    picture.flags.writeable = False
    assert bytes(image_message(picture, HEADER).data) == picture.tobytes()


def test_image_is_a_copy() -> None:
    picture = noise(2, 2)
    before = picture.tobytes()
    msg = image_message(picture, HEADER)
    picture[:] = 0
    assert bytes(msg.data) == before


def test_compressed_image() -> None:
    y, x = np.mgrid[:40, :60]
    picture = np.stack([x * 4, y * 6, np.full_like(x, 90)], axis=-1).astype(np.uint8)
    msg = compressed_image_message(picture, HEADER, 95)
    assert msg.header == HEADER
    assert msg.format == 'bgr8; jpeg compressed bgr8'
    # Pillow shows it in RGB.
    decoded = np.asarray(Pillow.open(io.BytesIO(bytes(msg.data))))[:, :, ::-1].astype(int)
    assert np.abs(decoded - picture).mean() < 2
    assert np.abs(compressed_to_bgr(msg).astype(int) - picture).mean() < 2


def test_compressed_image_is_smaller_at_less_quality() -> None:
    picture = noise(64, 64)
    sizes = [len(compressed_image_message(picture, HEADER, q).data) for q in (1, 50, 100)]
    assert sizes == sorted(sizes)
    assert sizes[0] * 4 < sizes[2]


@pytest.mark.parametrize('size', [(1, 65501), (65501, 1)])
def test_what_jpeg_cannot_hold_is_refused(size: tuple[int, int]) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    with pytest.raises(ValueError, match=f'65500 pixels a side, got {size[1]} x {size[0]}'):
        compressed_image_message(picture, HEADER, 95)


def test_the_largest_jpeg() -> None:
    msg = compressed_image_message(np.zeros((1, 65500, 3), np.uint8), HEADER, 95)
    assert compressed_to_bgr(msg).shape == (1, 65500, 3)


def test_camera_info_of_a_calibrated_camera() -> None:
    k = [500.0, 0.0, 320.0, 0.0, 510.0, 240.0, 0.0, 0.0, 1.0]
    calibration = {
        'width': 640,
        'height': 480,
        'distortion_model': 'plumb_bob',
        'd': [0.1, -0.2, 0.0, 0.0, 0.01],
        'k': k,
        'r': [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        'p': [500.0, 0.0, 320.0, 0.0, 0.0, 510.0, 240.0, 0.0, 0.0, 0.0, 1.0, 0.0],
    }
    msg = camera_info_message(HEADER, calibration)
    assert msg.header == HEADER
    assert (msg.width, msg.height, msg.distortion_model) == (640, 480, 'plumb_bob')
    assert list(msg.d) == calibration['d']
    assert [list(msg.k), list(msg.r), list(msg.p)] == [k, calibration['r'], calibration['p']]


def test_camera_info_of_a_camera_that_is_not_calibrated() -> None:
    msg = camera_info_message(HEADER, {'width': 640, 'height': 480})
    assert (msg.width, msg.height) == (640, 480)
    assert msg.k[0] == 0.0
    assert not msg.distortion_model
