"""Planar YUV. Drivers disagree about height: rows of the image, or with those of the chroma."""

from __future__ import annotations

from functools import partial

from encoding_cases import bt601, claim, message, PADDING, PLANAR, YUV_TOLERANCE
from nn_perception.core.imaging import encodings
from nn_perception.core.imaging.encodings import rosbags_image
import numpy as np
import pytest

to_bgr = partial(encodings.to_bgr, convert=rosbags_image())


def test_every_luma_and_chroma_is_close_to_bt601() -> None:
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    luma, u, v = (plane.reshape(-1, 52) for plane in np.meshgrid(levels, levels, levels))
    chroma = np.stack([u, v], axis=-1)
    rows = [row.tobytes() for row in luma] + [row.tobytes() for row in chroma]
    msg = message('nv24', [b''.join(rows)], 52, height=luma.shape[0])
    msg.step = 52
    difference = np.abs(to_bgr(msg).astype(int) - bt601(luma, u, v).astype(int))
    assert difference.max() <= 1


def planar_rows(height: int, encoding: str) -> int:
    """Count the rows of a planar buffer."""
    return height * 3 if encoding == 'nv24' else height * 3 // 2


@pytest.mark.parametrize('pad', [0, 8])
@pytest.mark.parametrize('counted_in', [False, True], ids=['rows of the picture', 'all rows'])
@pytest.mark.parametrize(
    ('encoding', 'size'), [(name, size) for name, case in PLANAR.items() for size in case.sizes]
)
def test_both_meanings_of_height(
    encoding: str, size: tuple[int, int], counted_in: bool, pad: int
) -> None:
    height, width = size
    rows, expected = PLANAR[encoding].make(height, width, '<')
    if encoding == 'nv24':
        # A line of chroma is as long as two of luma, and so is its padding.
        lines = [rows[i] + rows[i + 1] for i in range(height, 3 * height, 2)]
        padding = bytes([PADDING]) * pad
        stored = [row + padding for row in rows[:height]] + [line + 2 * padding for line in lines]
    else:
        stored = [row + bytes([PADDING]) * pad for row in rows]
    shown = planar_rows(height, encoding) if counted_in else height
    msg = message(encoding, [b''.join(stored)], width, height=shown)
    msg.step = width + pad
    picture = to_bgr(msg)
    assert picture.shape == (height, width, 3)
    assert np.abs(picture.astype(int) - expected.astype(int)).max() <= YUV_TOLERANCE
    # The padding behind the last line may be missing, nothing more.
    missing = pad * (2 if encoding == 'nv24' else 1)
    shorter = message(encoding, [b''.join(stored)], width, height=shown, cut=missing)
    shorter.step = msg.step
    assert np.array_equal(to_bgr(shorter), picture)
    if size != (1, 1):
        shorter.data.pop()
        with pytest.raises(ValueError, match=r'truncated|complete image'):
            to_bgr(shorter)


@pytest.mark.parametrize('encoding', PLANAR)
@pytest.mark.parametrize('share', [0.4, 0.55, 0.75, 0.95])
def test_a_truncated_planar_image_is_not_mistaken_for_a_lower_one(
    encoding: str, share: float
) -> None:
    size = int(640 * planar_rows(480, encoding) * share)
    if 640 * 480 * 0.6 < size <= 640 * 480:
        size -= 640 * 480 // 2
    with pytest.raises(ValueError, match='truncated'):
        to_bgr(claim(encoding, 640, 480, 640, size))
