"""More than 8 bits: one scaling for raw and compressed images, files and bags."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import warnings

from encoding_cases import grey, interleaved_rows, message, stretched
from nn_perception.core.imaging import encodings
from nn_perception.core.imaging.bit_depth import scale_to_8_bits
from nn_perception.core.imaging.encodings import rosbags_image
import numpy as np
import pytest

to_bgr = partial(encodings.to_bgr, convert=rosbags_image())


def test_sixteen_bits_round_to_the_nearest_level() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    picture = to_bgr(message('mono16', interleaved_rows(values, '<u2'), 256))
    assert np.array_equal(picture, grey(stretched(values)))


@pytest.mark.parametrize('order', ['<', '>'])
def test_non_finite_values_are_black(order: str) -> None:
    values = np.array([[np.nan, 1.0, 2.0], [np.inf, -np.inf, 3.0]], np.float32)
    rows = interleaved_rows(values, order + 'f4')
    picture = to_bgr(message('32FC1', rows, 3, is_bigendian=int(order == '>')))
    assert picture[:, :, 0].tolist() == [[0, 0, 128], [0, 0, 255]]


def test_a_signalling_nan_causes_no_warning() -> None:
    msg = message('32FC1', [bytes.fromhex('0000803f 0100a07f 00000040')], 3)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert to_bgr(msg)[0, :, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize('value', [np.nan, np.inf, 1.5, 3e38, -3e38])
def test_a_uniform_frame_is_black(value: float) -> None:
    values = np.full((2, 3), value, np.float32)
    assert not to_bgr(message('32FC1', interleaved_rows(values, '<f4'), 3)).any()


def test_the_whole_range_of_floats_is_stretched() -> None:
    values = np.array([[-3.4e38, 0.0, 3.4e38]], np.float32)
    picture = to_bgr(message('32FC1', interleaved_rows(values, '<f4'), 3))
    assert picture[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize('dtype', [np.uint16, np.float32])
def test_a_few_outliers_do_not_turn_an_image_black(dtype: type) -> None:
    values = np.add.outer(np.arange(100), np.arange(120)).astype(dtype) * 15
    expected = scale_to_8_bits(values)
    values[3, 4], values[50, 60] = 65535, 65535
    values[9, 9] = 0
    scaled = scale_to_8_bits(values)
    assert scaled[3, 4] == scaled[50, 60] == 255
    inside = np.ones(values.shape, bool)
    inside[3, 4] = inside[50, 60] = inside[9, 9] = False
    # The hundredth part at either end is clipped, the rest keeps its contrast.
    assert np.abs(scaled[inside].astype(int) - expected[inside]).max() < 32
    assert abs(scaled.mean() - expected.mean()) < 8


def test_the_range_of_a_photograph_is_not_clipped() -> None:
    values = np.add.outer(np.arange(100), np.arange(120)).astype(np.uint16) * 15
    np.testing.assert_array_equal(scale_to_8_bits(values), stretched(values))


@pytest.mark.parametrize(
    ('value', 'dtype', 'expected'),
    [(0, np.uint16, 0), (4095, np.uint16, 16), (65535, np.uint16, 255), (0.0, np.float32, 0),
     (0.5, np.float32, 128), (1.0, np.float32, 255), (2.0, np.float32, 0), (-1.0, np.float32, 0)],
)  # fmt: skip
def test_a_uniform_image_keeps_its_share_of_the_full_range(
    value: float, dtype: type, expected: int
) -> None:
    assert (scale_to_8_bits(np.full((3, 4), value, dtype)) == expected).all()


def test_a_large_image_needs_no_copy_of_itself(allocated: Callable[[], int]) -> None:
    values = np.zeros((3000, 1000, 3), np.float32)
    values[1] = 1.0
    before = allocated()
    scaled = scale_to_8_bits(values)
    assert scaled[1].all()
    assert not scaled[2:].any()
    # The result, and about a million values with 8 bytes each, some times.
    assert allocated() - before < scaled.nbytes + 60_000_000
