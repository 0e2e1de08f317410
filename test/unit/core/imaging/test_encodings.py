"""Every encoding against images that are computed by plain formulas."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
import gc

from encoding_cases import (
    built,
    CASES,
    channel_of_sites,
    claim,
    HUGE,
    interleaved_rows,
    message,
    TABLE,
)
from nn_perception.core.imaging import encodings
from nn_perception.core.imaging.encodings import ENCODINGS, rosbags_image
import numpy as np
import pytest

to_bgr = partial(encodings.to_bgr, convert=rosbags_image())


def test_the_table_has_every_encoding() -> None:
    assert set(CASES) == set(ENCODINGS)
    assert len(ENCODINGS) == len(set(ENCODINGS))


# One test for each encoding: what pytest does around 711 tests takes longer than all of them.
@pytest.mark.parametrize('encoding', CASES)
def test_encoding(encoding: str) -> None:
    cases = [(size, layout) for name, size, layout in TABLE if name == encoding]
    assert cases
    for size, layout in cases:
        check_encoding(encoding, size, layout)


def check_encoding(encoding: str, size: tuple[int, int], layout: str) -> None:
    case = f'{encoding}, {size}, {layout}'
    msg, expected = built(encoding, size, layout)
    stored = bytes(msg.data)
    picture = to_bgr(msg)
    assert picture.dtype == np.uint8, case
    assert picture.shape == (*size, 3), case
    border = CASES[encoding].border
    inside = np.s_[border : size[0] - border, border : size[1] - border]
    difference = np.abs(picture[inside].astype(np.float64) - expected[inside])
    shown = f'{case}:\n{picture[inside]}\n{expected[inside]}'
    assert difference.max() <= CASES[encoding].tolerance, shown
    assert bytes(msg.data) == stored, case


@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_a_flat_scene_behind_a_bayer_sensor_stays_flat(pattern: str) -> None:
    for bits in (8, 16):
        for bgr in ((250, 0, 0), (0, 250, 0), (0, 0, 250), (40, 120, 220)):
            check_flat_scene(pattern, bits, bgr)


def check_flat_scene(pattern: str, bits: int, bgr: Sequence[int]) -> None:
    mosaic = np.array(bgr)[channel_of_sites(pattern, 6, 8)]
    stored = mosaic * (257 if bits == 16 else 1)
    if bits == 16:
        # Its smallest and largest value become 0 and 255.
        bgr = [round((value - min(bgr)) / (max(bgr) - min(bgr)) * 255) for value in bgr]
    msg = message(f'bayer_{pattern}{bits}', interleaved_rows(stored, f'<u{bits // 8}'), 8)
    expected = np.broadcast_to(np.uint8(bgr), (6, 8, 3))
    assert np.array_equal(to_bgr(msg), expected), f'{pattern}{bits}, {bgr}'


def test_the_names_of_bayer_patterns_begin_at_the_first_row() -> None:
    # Two rows of a sensor with R G above G B, lit by red light only.
    msg = message('bayer_rggb8', [b'\xc8\0\xc8\0', b'\0\0\0\0', b'\xc8\0\xc8\0', b'\0\0\0\0'], 4)
    picture = to_bgr(msg)
    assert (picture[2, 2] == (0, 0, 200)).all()
    assert (picture[..., :2] == 0).all()


@pytest.mark.parametrize('encoding', ['bgr8', '8UC3'])
@pytest.mark.parametrize('layout', ['exact', 'padded', 'padded_but_the_last_row'])
def test_bgr_is_a_read_only_view(encoding: str, layout: str) -> None:
    msg, expected = built(encoding, (6, 8), layout)
    picture = to_bgr(msg)
    assert np.shares_memory(picture, np.frombuffer(msg.data, np.uint8))
    assert not picture.flags.writeable
    with pytest.raises(ValueError, match='read-only'):
        picture[0, 0, 0] = 1
    del msg
    gc.collect()
    assert np.array_equal(picture, expected)


def test_other_encodings_are_copies() -> None:
    for encoding in set(CASES) - {'bgr8', '8UC3'}:
        msg, _ = built(encoding, (6, 8), 'exact')
        assert not np.shares_memory(to_bgr(msg), np.frombuffer(msg.data, np.uint8)), encoding


def test_a_step_of_one_row_can_be_anything() -> None:
    msg = claim('bgr8', 2, 1, HUGE, 6)
    assert to_bgr(msg).shape == (1, 2, 3)


def test_data_after_the_image_is_ignored() -> None:
    msg, expected = built('rgb8', (6, 8), 'exact')
    msg.data.frombytes(bytes(1000))
    assert np.array_equal(to_bgr(msg), expected)
