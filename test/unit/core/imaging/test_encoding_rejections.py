"""Messages that contradict themselves are rejected, at no cost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from encoding_cases import claim, HUGE
from nn_perception.core.imaging import encodings
from nn_perception.core.imaging.encodings import rosbags_image
from nn_perception.core.imaging.formats.container import MAX_PIXELS
import pytest
from reasons import reason_of

to_bgr = partial(encodings.to_bgr, convert=rosbags_image())


REJECTED = {
    'no encoding': (claim('', 2, 2, 2, 4), "encoding '' is not supported"),
    'an unknown encoding': (claim('nv61', 2, 2, 2, 8), "encoding 'nv61' is not supported"),
    'upper case': (claim('BGR8', 2, 2, 6, 12), "'BGR8' is not supported"),
    'blanks': (claim(' bgr8', 2, 2, 6, 12), "' bgr8' is not supported"),
    'two channels': (claim('8UC2', 2, 2, 4, 8), "'8UC2' is not supported"),
    'doubles': (claim('64FC1', 2, 2, 16, 32), "'64FC1' is not supported"),
    'signed': (claim('16SC1', 2, 2, 4, 8), "'16SC1' is not supported"),
    'a long encoding': (claim('x' * 100_000, 2, 2, 2, 4), "xxx...' is not supported"),
    'an invisible encoding': (claim('\U000e0001' * 99, 2, 2, 2, 4), 'is not supported'),
    'line feeds': (claim('a\nb\r\0', 2, 2, 2, 4), r"'a\nb\r\x00' is not supported"),
    'no rows': (claim('bgr8', 2, 0, 6, 0), 'the image is empty: 2 x 0'),
    'no columns': (claim('bgr8', 0, 2, 0, 0), 'the image is empty: 0 x 2'),
    'nothing': (claim('nv21', 0, 0, 0, 0), 'the image is empty: 0 x 0'),
    'no data': (claim('bgr8', 2, 2, 6, 0), 'truncated: 0 bytes, expected 12'),
    'one byte short': (claim('bgr8', 2, 2, 6, 11), 'truncated: 11 bytes, expected 12'),
    'a row short': (claim('mono16', 4, 3, 8, 16), 'truncated: 16 bytes, expected 24'),
    'only padding short': (claim('mono8', 4, 3, 100, 203), 'truncated: 203 bytes, expected 204'),
    'step of another encoding': (claim('bgr8', 4, 2, 4, 99), 'step 4 is too small'),
    'step in pixels': (claim('mono16', 4, 2, 4, 99), 'step 4 is too small'),
    'no step': (claim('mono8', 4, 2, 0, 8), 'step 0 is too small'),
    'no step, planar': (claim('nv21', 4, 4, 0, 24), 'step 0 is too small'),
    'half a value': (claim('mono16', 2, 2, 5, 10), 'step 5 is not a multiple of 2'),
    'half a float': (claim('32FC1', 2, 2, 10, 20), 'step 10 is not a multiple of 4'),
    'width that contradicts': (claim('rgba8', 100, 2, 16, 32), 'step 16 is too small'),
    'height that contradicts': (claim('rgba8', 4, 100, 16, 32), 'expected 1600'),
    'odd yuv': (claim('yuyv', 3, 2, 6, 12), 'needs an even width, got 3'),
    'odd uyvy': (claim('uyvy', 1, 1, 2, 2), 'needs an even width, got 1'),
    'small bayer': (claim('bayer_rggb8', 2, 2, 2, 4), 'at least 3 x 3 pixels, got 2 x 2'),
    'flat bayer': (claim('bayer_grbg16', 9, 1, 18, 18), 'at least 3 x 3 pixels, got 9 x 1'),
    'odd nv21': (claim('nv21', 3, 2, 3, 9), 'not a complete image'),
    'odd rows of nv21': (claim('nv21', 2, 3, 2, 12), 'not a complete image'),
    'nv21 without chroma': (claim('nv21', 4, 4, 4, 16), 'not a complete image'),
    'nv24 without chroma': (claim('nv24', 4, 4, 4, 16), 'not a complete image'),
    **{
        f'huge {encoding}': (claim(encoding, HUGE, HUGE, HUGE, 64), 'is too large')
        for encoding in ('bgr8', 'mono16', '32FC1', 'bayer_rggb8', 'yuyv', 'nv21', 'nv24')
    },
    'huge width': (claim('mono8', HUGE, 1, HUGE, 64), 'is too large'),
    'huge height': (claim('nv24', 1, HUGE, 1, 64), 'is too large'),
    'huge step': (claim('mono8', 2, 2, HUGE, 64), 'expected 4294967297'),
}


@pytest.mark.parametrize('name', REJECTED)
def test_a_rejection_says_why(name: str, allocated: Callable[[], int]) -> None:
    msg, expected = REJECTED[name]
    assert expected in reason_of(lambda: to_bgr(msg))
    assert allocated() < 1_000_000


def test_an_image_of_fifty_megapixels_is_the_limit() -> None:
    width, height = 10_000, 5_000
    assert width * height == MAX_PIXELS
    assert 'truncated' in reason_of(lambda: to_bgr(claim('mono8', width, height, width, 1)))
    reason = reason_of(lambda: to_bgr(claim('mono8', width, height + 1, width, 1)))
    assert 'too large: 10000 x 5001 pixels, the limit is 50 megapixels' in reason
    assert 'max_image_pixels' in reason


def test_the_limit_can_be_another_one() -> None:
    msg = claim('mono8', 8, 4, 8, 32)
    assert to_bgr(msg, max_pixels=32).shape == (4, 8, 3)
    assert 'limit is 3.1e-05 mega' in reason_of(lambda: to_bgr(msg, max_pixels=31))
