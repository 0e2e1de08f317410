"""
Every encoding against images that are computed here, by plain formulas.

Each case writes known pixels to a message, with padding, in either byte order and in odd sizes,
and computes the expected image by indexing and arithmetic, without OpenCV and the converters of
the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
import gc
from importlib.util import find_spec
import io
import struct
import subprocess
import sys
import tracemalloc
from types import ModuleType
import warnings
import zlib

from nn_perception.ros.inputs import image_decoding
from nn_perception.ros.inputs.image_decoding import compressed_to_bgr, ENCODINGS, to_bgr
import numpy as np
from numpy.typing import NDArray
from patience import HANGS_S
from PIL import Image as Pillow
import pytest
from sensor_msgs.msg import CompressedImage, Image

Array = NDArray[np.generic]

LONGEST_REASON = 300
# The YUV forms are converted with fixed point numbers; this many levels of 255 are allowed.
YUV_TOLERANCE = 2

PADDING = 0xA5


# Messages.


def message(encoding: str, rows: list[bytes], width: int, **layout: int) -> Image:
    """
    Lay rows of bytes out as a message.

    :param layout: ``height`` where it is not the number of rows; ``pad`` bytes behind each
        row; ``cut`` bytes missing at the end; ``is_bigendian``
    """
    pad = layout.get('pad', 0)
    msg = Image(encoding=encoding, width=width, height=layout.get('height', len(rows)))
    msg.step = len(rows[0]) + pad
    msg.is_bigendian = layout.get('is_bigendian', 0)
    stored = b''.join(row + bytes([PADDING]) * pad for row in rows)
    msg.data.frombytes(stored[: len(stored) - layout.get('cut', 0)])
    return msg


def claim(encoding: str, width: int, height: int, step: int, size: int) -> Image:
    """Make a message that claims something, with ``size`` bytes of data."""
    msg = Image(encoding=encoding, width=width, height=height, step=step)
    msg.data.frombytes(bytes(size))
    return msg


def compressed(data: bytes, form: str = 'bgr8; jpeg compressed bgr8') -> CompressedImage:
    """Make a compressed message."""
    msg = CompressedImage(format=form)
    msg.data.frombytes(data)
    return msg


def noise(shape: tuple[int, ...], dtype: type = np.uint8) -> Array:
    """Draw pixels that use the whole range of an integer type, the ends among them."""
    top = int(np.iinfo(dtype).max)
    values = np.random.default_rng(sum(shape)).integers(0, top, shape, dtype, endpoint=True)
    values.flat[0], values.flat[-1] = top, 0
    return values


def interleaved_rows(pixels: Array, dtype: str) -> list[bytes]:
    """Write pixels ``(H, ...)`` row by row with values of ``dtype``, ``'>u2'`` for instance."""
    return [row.astype(dtype).tobytes() for row in pixels]


# Expected images.


def grey(values: Array) -> Array:
    """Repeat ``(H, W)`` in three equal channels."""
    return np.stack([values, values, values], axis=-1)


def eight_bits(values: Array) -> Array:
    """Scale 0 to 65535 down to 0 to 255, rounded."""
    return np.floor(values.astype(np.float64) * 255 / 65535 + 0.5).astype(np.uint8)


def bt601(luma: Array, u: Array, v: Array) -> Array:
    """
    Apply ITU-R BT.601 with luma in 16 to 235 and chroma in 16 to 240; planes ``(H, W)``.

    What is blacker than black is black, before the colour is added.
    """
    y = (np.maximum(luma, 16).astype(np.float64) - 16) * 255 / 219
    u = (u.astype(np.float64) - 128) * 255 / 224
    v = (v.astype(np.float64) - 128) * 255 / 224
    bgr = [y + 1.772 * u, y - 0.344136 * u - 0.714136 * v, y + 1.402 * v]
    return np.clip(np.floor(np.stack(bgr, axis=-1) + 0.5), 0, 255).astype(np.uint8)


def stretched(values: Array) -> Array:
    """Map least to largest finite value linearly to 0 to 255, all else to 0."""
    flat = [float(v) for v in values.ravel()]
    finite = [v for v in flat if np.isfinite(v)]
    low, high = min(finite), max(finite)
    levels = [(v - low) / (high - low) * 255 if np.isfinite(v) else 0.0 for v in flat]
    return np.array([round(level) for level in levels], np.uint8).reshape(values.shape)


def channel_of_sites(pattern: str, height: int, width: int) -> Array:
    """Name the BGR channel that each site of a Bayer sensor sees; ``pattern`` is two rows."""
    tile = np.array([['bgr'.index(c) for c in pattern[:2]], ['bgr'.index(c) for c in pattern[2:]]])
    return np.tile(tile, (height // 2 + 1, width // 2 + 1))[:height, :width]


def bilinear(mosaic: Array, pattern: str) -> Array:
    """Average each missing colour over the nearest sites that see it; borders are not valid."""
    height, width = mosaic.shape
    sites = channel_of_sites(pattern, height, width)
    result = np.zeros((height, width, 3))
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            around = np.s_[y - 1 : y + 2, x - 1 : x + 2]
            for channel in range(3):
                weight = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) * (sites[around] == channel)
                # Only the nearest: the site itself, else its edges, else its corners.
                weight = weight * (weight == weight.max())
                result[y, x, channel] = (mosaic[around] * weight).sum() / weight.sum()
    return result


# The table.


@dataclass(frozen=True)
class Case:
    """One encoding: how to make a message of a size, and what must come back."""

    make: Callable[[int, int, str], tuple[list[bytes], Array]]
    sizes: tuple[tuple[int, int], ...] = ((6, 8), (5, 7), (1, 1), (1, 6), (6, 1))
    value_bytes: int = 1
    tolerance: int = 0
    border: int = 0
    """Pixels at the edge that are not compared."""
    layouts: dict[str, dict[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        """List the layouts that exist for this encoding."""
        layouts = {
            'exact': {},
            'padded': {'pad': 4 * self.value_bytes},
            'padded_but_the_last_row': {'pad': 6 * self.value_bytes, 'cut': 6 * self.value_bytes},
        }
        for name in ('exact', 'padded'):
            layouts[f'{name}_bigendian'] = {**layouts[name], 'is_bigendian': 1}
        object.__setattr__(self, 'layouts', layouts)


def packed(channels: int, to_expected: Callable[[Array], Array], bits: int = 8) -> Case:
    """Build the case of an encoding with its channels side by side."""
    dtype = np.uint8 if bits == 8 else np.uint16

    def make(height: int, width: int, order: str) -> tuple[list[bytes], Array]:
        pixels = noise((height, width, channels), dtype)
        shown = pixels if bits == 8 else eight_bits(pixels)
        return interleaved_rows(pixels, f'{order}u{bits // 8}'), to_expected(shown)

    return Case(make, value_bytes=bits // 8)


def yuv422(order_in_pair: str) -> Case:
    """Build the case of a form with pairs of pixels; ``order_in_pair`` of ``yYuv``."""

    def make(height: int, width: int, _order: str) -> tuple[list[bytes], Array]:
        pairs = noise((height, width // 2, 4))
        at = {name: pairs[:, :, order_in_pair.index(name)] for name in 'yYuv'}
        luma = np.stack([at['y'], at['Y']], axis=-1).reshape(height, width)
        u, v = (np.repeat(at[name], 2, axis=1) for name in 'uv')
        return [row.tobytes() for row in pairs], bt601(luma, u, v)

    return Case(make, sizes=((6, 8), (5, 6), (1, 2), (3, 2)), tolerance=YUV_TOLERANCE)


def bayer(pattern: str, bits: int) -> Case:
    """Build the case of a mosaic."""
    dtype = np.uint8 if bits == 8 else np.uint16

    def make(height: int, width: int, order: str) -> tuple[list[bytes], Array]:
        mosaic = noise((height, width), dtype)
        shown = mosaic if bits == 8 else eight_bits(mosaic)
        return interleaved_rows(mosaic, f'{order}u{bits // 8}'), bilinear(shown, pattern)

    return Case(make, sizes=((6, 8), (5, 7), (3, 3)), value_bytes=bits // 8, tolerance=1, border=1)


def measured(dtype: str) -> Case:
    """Build the case of distances."""

    def make(height: int, width: int, order: str) -> tuple[list[bytes], Array]:
        values = noise((height, width), np.uint16)
        if dtype == 'f4':
            values = values.astype(np.float32) / np.float32(1000)
        if height * width == 1:
            return interleaved_rows(values, order + dtype), np.zeros((1, 1, 3), np.uint8)
        return interleaved_rows(values, order + dtype), grey(stretched(values))

    return Case(make, value_bytes=int(dtype[1]), tolerance=1 if dtype == 'f4' else 0)


def nv21(height: int, width: int, _order: str) -> tuple[list[bytes], Array]:
    """Lay out luma, then rows of V and U by turns at half the resolution."""
    luma, chroma = noise((height, width)), noise((height // 2, width // 2, 2))
    v, u = (np.repeat(np.repeat(chroma[:, :, i], 2, axis=0), 2, axis=1) for i in range(2))
    rows = [row.tobytes() for row in luma] + [row.tobytes() for row in chroma]
    return rows, bt601(luma, u, v)


def nv24(height: int, width: int, _order: str) -> tuple[list[bytes], Array]:
    """Lay out luma, then U and V by turns at full resolution, a line of them in two rows."""
    luma, chroma = noise((height, width)), noise((height, width, 2))
    rows = [row.tobytes() for row in luma]
    for line in chroma:
        stored = line.tobytes()
        rows += [stored[:width], stored[width:]]
    return rows, bt601(luma, chroma[:, :, 0], chroma[:, :, 1])


PLANAR = {
    'nv21': Case(nv21, sizes=((6, 8), (2, 2), (4, 6)), tolerance=YUV_TOLERANCE),
    'nv24': Case(nv24, sizes=((6, 8), (5, 7), (1, 1)), tolerance=YUV_TOLERANCE),
}

CASES = {
    'mono8': packed(1, lambda p: grey(p[:, :, 0])),
    '8UC1': packed(1, lambda p: grey(p[:, :, 0])),
    'bgr8': packed(3, lambda p: p),
    '8UC3': packed(3, lambda p: p),
    'rgb8': packed(3, lambda p: p[:, :, [2, 1, 0]]),
    'bgra8': packed(4, lambda p: p[:, :, [0, 1, 2]]),
    '8UC4': packed(4, lambda p: p[:, :, [0, 1, 2]]),
    'rgba8': packed(4, lambda p: p[:, :, [2, 1, 0]]),
    'mono16': packed(1, lambda p: grey(p[:, :, 0]), 16),
    'bgr16': packed(3, lambda p: p, 16),
    'rgb16': packed(3, lambda p: p[:, :, [2, 1, 0]], 16),
    'bgra16': packed(4, lambda p: p[:, :, [0, 1, 2]], 16),
    'rgba16': packed(4, lambda p: p[:, :, [2, 1, 0]], 16),
    'yuv422': yuv422('uyvY'),
    'uyvy': yuv422('uyvY'),
    'yuv422_yuy2': yuv422('yuYv'),
    'yuyv': yuv422('yuYv'),
    **{
        f'bayer_{pattern}{bits}': bayer(pattern, bits)
        for pattern in ('rggb', 'bggr', 'gbrg', 'grbg')
        for bits in (8, 16)
    },
    '16UC1': measured('u2'),
    '32FC1': measured('f4'),
    **PLANAR,
}

TABLE = [
    pytest.param(encoding, size, layout, id=f'{encoding}-{size[1]}x{size[0]}-{layout}')
    for encoding, case in CASES.items()
    for size in case.sizes
    for layout in case.layouts
    # A line of NV24 chroma has its padding behind both of its rows.
    if not (encoding == 'nv24' and 'padded' in layout)
]


def working_converters() -> list[str]:
    """
    Find what can convert here.

    A cv_bridge that was built against another numpy may crash the process that uses it,
    so it is tried in another one.
    """
    if find_spec('cv_bridge') is None:
        return ['rosbags-image']
    probe = (
        'import numpy as np; from cv_bridge import CvBridge; from sensor_msgs.msg import Image; '
        "CvBridge().imgmsg_to_cv2(Image(height=1, width=1, step=1, encoding='mono8', "
        "data=[1]), 'bgr8')"
    )
    usable = subprocess.run([sys.executable, '-c', probe], capture_output=True, timeout=HANGS_S)
    names = ['cv_bridge'] if usable.returncode == 0 else []
    return names + (['rosbags-image'] if find_spec('rosbags.image') else [])


CONVERTERS = working_converters()


@pytest.fixture(params=CONVERTERS)
def converter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Convert with one of those that are here."""
    load = image_decoding.CONVERTER_LOADERS[request.param]
    monkeypatch.setattr(image_decoding, '_converter', load())
    return request.param


def built(encoding: str, size: tuple[int, int], layout: str) -> tuple[Image, Array]:
    """Make the message of one row of the table and the picture that must come back."""
    case = CASES[encoding]
    options = case.layouts[layout]
    # What 8 bit drivers say about the byte order must not matter.
    rows, expected = case.make(*size, '>' if options.get('is_bigendian') else '<')
    # A message with height in the buffer's rows is tested below.
    return message(encoding, rows, size[1], height=size[0], **options), expected


def test_the_table_has_every_encoding() -> None:
    assert set(CASES) == set(ENCODINGS)
    assert len(ENCODINGS) == len(set(ENCODINGS))


@pytest.mark.parametrize(('encoding', 'size', 'layout'), TABLE)
def test_encoding(encoding: str, size: tuple[int, int], layout: str, converter: str) -> None:
    msg, expected = built(encoding, size, layout)
    stored = bytes(msg.data)
    picture = to_bgr(msg)
    assert picture.dtype == np.uint8
    assert picture.shape == (*size, 3)
    border = CASES[encoding].border
    inside = np.s_[border : size[0] - border, border : size[1] - border]
    difference = np.abs(picture[inside].astype(np.float64) - expected[inside])
    assert difference.max() <= CASES[encoding].tolerance, f'{picture[inside]}\n{expected[inside]}'
    assert bytes(msg.data) == stored


if len(CONVERTERS) > 1:

    @pytest.mark.parametrize(('encoding', 'size', 'layout'), TABLE)
    def test_the_converters_agree(
        encoding: str, size: tuple[int, int], layout: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        msg, _ = built(encoding, size, layout)
        pictures = []
        for name in CONVERTERS:
            load = image_decoding.CONVERTER_LOADERS[name]
            monkeypatch.setattr(image_decoding, '_converter', load())
            pictures.append(to_bgr(msg).astype(int))
        # Their OpenCV may differ in version.
        assert np.abs(pictures[0] - pictures[1]).max() <= 1


@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
@pytest.mark.parametrize('bgr', [(250, 0, 0), (0, 250, 0), (0, 0, 250), (40, 120, 220)])
def test_a_flat_scene_behind_a_bayer_sensor_stays_flat(
    pattern: str, bits: int, bgr: tuple[int, int, int]
) -> None:
    mosaic = np.array(bgr)[channel_of_sites(pattern, 6, 8)]
    stored = mosaic * (257 if bits == 16 else 1)
    msg = message(f'bayer_{pattern}{bits}', interleaved_rows(stored, f'<u{bits // 8}'), 8)
    assert np.array_equal(to_bgr(msg), np.broadcast_to(np.uint8(bgr), (6, 8, 3)))


def test_the_names_of_bayer_patterns_begin_at_the_first_row() -> None:
    # Two rows of a sensor with R G above G B, lit by red light only.
    msg = message('bayer_rggb8', [b'\xc8\0\xc8\0', b'\0\0\0\0', b'\xc8\0\xc8\0', b'\0\0\0\0'], 4)
    picture = to_bgr(msg)
    assert (picture[2, 2] == (0, 0, 200)).all()
    assert (picture[..., :2] == 0).all()


def test_sixteen_bits_round_to_the_nearest_level() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    picture = to_bgr(message('mono16', interleaved_rows(values, '<u2'), 256))
    assert np.array_equal(picture, grey(eight_bits(values)))


def test_every_luma_and_chroma_is_close_to_bt601() -> None:
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    luma, u, v = (plane.reshape(-1, 52) for plane in np.meshgrid(levels, levels, levels))
    chroma = np.stack([u, v], axis=-1)
    rows = [row.tobytes() for row in luma] + [row.tobytes() for row in chroma]
    msg = message('nv24', [b''.join(rows)], 52, height=luma.shape[0])
    msg.step = 52
    difference = np.abs(to_bgr(msg).astype(int) - bt601(luma, u, v).astype(int))
    assert difference.max() <= 1


# bgr8 is not copied.


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


# Distances.


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


# Planar YUV. Drivers disagree about height: rows of the image, or with those of the chroma.


def planar_rows(height: int, encoding: str) -> int:
    """Count the rows of a planar buffer."""
    return height * 3 // 2 if encoding == 'nv21' else height * 3


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


# Rejections.

HUGE = 2**32 - 1

REJECTED = {
    'no encoding': (claim('', 2, 2, 2, 4), "encoding '' is not supported"),
    'an unknown encoding': (claim('nv12', 2, 2, 2, 6), "encoding 'nv12' is not supported"),
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


def reason_of(rejected: Callable[[], object]) -> str:
    """Return the sentence of a rejection: one line of bounded length."""
    with pytest.raises(ValueError) as caught:
        rejected()
    assert type(caught.value) is ValueError
    reason = str(caught.value)
    assert reason.isprintable()
    assert 10 < len(reason) <= LONGEST_REASON
    assert not reason.endswith('.')
    return reason


@pytest.fixture
def allocated() -> Iterator[Callable[[], int]]:
    """Measure the most bytes that were allocated at a time."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


@pytest.mark.parametrize('name', REJECTED)
def test_a_rejection_says_why(name: str, allocated: Callable[[], int]) -> None:
    msg, expected = REJECTED[name]
    assert expected in reason_of(lambda: to_bgr(msg))
    assert allocated() < 1_000_000


def test_an_image_of_a_hundred_megapixels_is_the_limit() -> None:
    width, height = 10_000, 10_000
    assert 'truncated' in reason_of(lambda: to_bgr(claim('mono8', width, height, width, 1)))
    assert 'too large' in reason_of(lambda: to_bgr(claim('mono8', width, height + 1, width, 1)))


def test_a_step_of_one_row_can_be_anything() -> None:
    msg = claim('bgr8', 2, 1, HUGE, 6)
    assert to_bgr(msg).shape == (1, 2, 3)


def test_data_after_the_image_is_ignored() -> None:
    msg, expected = built('rgb8', (6, 8), 'exact')
    msg.data.frombytes(bytes(1000))
    assert np.array_equal(to_bgr(msg), expected)


# Compressed images.


def png(pixels: Array, colour_type: int, *extra: tuple[bytes, bytes]) -> bytes:
    """Write a PNG, ``(H, W, C)`` of uint8 or uint16, rows without a filter."""
    bits = pixels.dtype.itemsize * 8
    rows = b''.join(b'\0' + row.astype(f'>u{bits // 8}').tobytes() for row in pixels)
    height, width = pixels.shape[:2]
    header = struct.pack('>IIBBBBB', width, height, bits, colour_type, 0, 0, 0)
    chunks = [(b'IHDR', header), *extra, (b'IDAT', zlib.compress(rows)), (b'IEND', b'')]
    return b'\x89PNG\r\n\x1a\n' + b''.join(map(chunk, chunks))


def chunk(named: tuple[bytes, bytes]) -> bytes:
    """Write one chunk of a PNG."""
    name, data = named
    checksum = struct.pack('>I', zlib.crc32(name + data))
    return struct.pack('>I', len(data)) + name + data + checksum


def smooth(height: int = 32, width: int = 48) -> Array:
    """Make an RGB picture that JPEG keeps almost as it is: red to the right, green down."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 5, y * 7, np.full_like(x, 90)], axis=-1).astype(np.uint8)


def jpeg(rgb: Array, **options: object) -> bytes:
    """Write a JPEG that is hardly lossy."""
    buffer = io.BytesIO()
    Pillow.fromarray(rgb).save(buffer, 'jpeg', quality=98, subsampling=0, **options)
    return buffer.getvalue()


PNGS = {
    'rgb': (png(noise((5, 7, 3)), 2), noise((5, 7, 3))[:, :, ::-1]),
    'one pixel': (png(noise((1, 1, 3)), 2), noise((1, 1, 3))[:, :, ::-1]),
    'grey': (png(noise((5, 7, 1)), 0), grey(noise((5, 7, 1))[:, :, 0])),
    'alpha is dropped': (png(noise((5, 7, 4)), 6), noise((5, 7, 4))[:, :, [2, 1, 0]]),
    'grey with alpha': (png(noise((5, 7, 2)), 4), grey(noise((5, 7, 2))[:, :, 0])),
    '16 bit rgb': (
        png(noise((5, 7, 3), np.uint16), 2),
        eight_bits(noise((5, 7, 3), np.uint16))[:, :, ::-1],
    ),
    '16 bit grey': (
        png(noise((5, 7, 1), np.uint16), 0),
        grey(eight_bits(noise((5, 7, 1), np.uint16)[:, :, 0])),
    ),
    '16 bit alpha': (
        png(noise((5, 7, 4), np.uint16), 6),
        eight_bits(noise((5, 7, 4), np.uint16))[:, :, [2, 1, 0]],
    ),
    'palette': (
        png(noise((5, 7, 1)) % 3, 3, (b'PLTE', bytes([1, 2, 3, 40, 50, 60, 7, 8, 9]))),
        np.array([[3, 2, 1], [60, 50, 40], [9, 8, 7]])[noise((5, 7, 1))[:, :, 0] % 3],
    ),
}


@pytest.mark.parametrize('form', ['png', 'bgr8; png compressed bgr8', ''])
@pytest.mark.parametrize('name', PNGS)
def test_png(name: str, form: str) -> None:
    stored, expected = PNGS[name]
    picture = compressed_to_bgr(compressed(stored, form))
    assert picture.dtype == np.uint8
    assert picture.shape == expected.shape
    # Decoders drop the lower 8 of 16 bits or round them.
    tolerance = 1 if name.startswith('16') else 0
    assert np.abs(picture.astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize(
    'form', ['jpeg', 'rgb8; jpeg compressed bgr8', 'bgr8; jpeg compressed bgr8', 'jpg', '']
)
@pytest.mark.parametrize('progressive', [False, True])
def test_jpeg(form: str, progressive: bool) -> None:
    # What stands before the semicolon is the camera's encoding, not that of the file.
    rgb = smooth()
    picture = compressed_to_bgr(compressed(jpeg(rgb, progressive=progressive), form))
    assert picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - rgb[:, :, ::-1]).max() <= 6


def test_jpeg_in_grey() -> None:
    values = smooth()[:, :, 0]
    picture = compressed_to_bgr(compressed(jpeg(values), 'mono8; jpeg compressed mono8'))
    assert np.abs(picture.astype(int) - grey(values)).max() <= 6


@pytest.mark.parametrize('orientation', range(1, 9))
def test_the_exif_orientation_of_a_jpeg_is_ignored(orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    rgb = smooth()
    picture = compressed_to_bgr(compressed(jpeg(rgb, exif=exif)))
    assert picture.shape == rgb.shape
    assert np.abs(picture.astype(int) - rgb[:, :, ::-1]).max() <= 6


def resized_header(stored: bytes, width: int, height: int) -> bytes:
    """Let the header of a PNG or JPEG claim another size."""
    if stored.startswith(b'\x89PNG'):
        header = struct.pack('>II', width, height) + stored[24:29]
        return stored[:8] + chunk((b'IHDR', header)) + stored[33:]
    at = stored.index(b'\xff\xc0') + 5
    return stored[:at] + struct.pack('>HH', height, width) + stored[at + 4 :]


PNG_FILE = PNGS['rgb'][0]
JPEG_FILE = jpeg(smooth())
IDAT = PNG_FILE.index(b'IDAT')

REJECTED_COMPRESSED = {
    'nothing': (b'', 'is empty'),
    'text': (b'not a picture at all', 'neither JPEG nor PNG'),
    'h264': (b'\0\0\0\1\x67\x42\0\x1e', 'neither JPEG nor PNG'),
    'only the start of a jpeg': (b'\xff\xd8\xff', 'truncated'),
    'only the start of a png': (b'\x89PNG\r\n\x1a\n', 'truncated'),
    'half a jpeg': (JPEG_FILE[: len(JPEG_FILE) // 2], 'truncated'),
    'a jpeg without its end': (JPEG_FILE[:-2], 'truncated'),
    'half a png': (PNG_FILE[: len(PNG_FILE) // 2], 'truncated'),
    'a png without its end': (PNG_FILE[:-12], 'truncated'),
    'a jpeg with a broken segment': (JPEG_FILE[:4] + b'\0\2' + JPEG_FILE[6:], 'damaged'),
    'a jpeg of unknown tables': (JPEG_FILE.replace(b'\xff\xdb', b'\xff\xe5'), 'damaged'),
    'a png with a wrong checksum': (
        PNG_FILE[: IDAT + 8] + bytes([PNG_FILE[IDAT + 8] ^ 255]) + PNG_FILE[IDAT + 9 :],
        'damaged',
    ),
    'a png of no size': (resized_header(PNG_FILE, 0, 5), 'no pixels'),
    'a jpeg of no size': (resized_header(JPEG_FILE, 0, 5), 'no pixels'),
    'a png that would fill the memory': (resized_header(PNG_FILE, 60_000, 60_000), 'too large'),
    'a png of the largest size': (resized_header(PNG_FILE, 2**31 - 1, 2**31 - 1), 'too large'),
    'a jpeg of the largest size': (resized_header(JPEG_FILE, 65_535, 65_535), 'too large'),
}


@pytest.mark.parametrize('name', REJECTED_COMPRESSED)
def test_a_rejected_compressed_image_says_why(name: str, allocated: Callable[[], int]) -> None:
    stored, expected = REJECTED_COMPRESSED[name]
    reason = reason_of(lambda: compressed_to_bgr(compressed(stored)))
    assert expected in reason
    assert reason.startswith('the compressed image ')
    assert allocated() < 1_000_000


@pytest.mark.parametrize('form', ['16UC1; compressedDepth', '32FC1; compressedDepth png'])
def test_compressed_depth_is_not_an_image(form: str) -> None:
    reason = reason_of(lambda: compressed_to_bgr(compressed(b'\0' * 12 + PNG_FILE, form)))
    assert 'compressed depth' in reason
    long = reason_of(lambda: compressed_to_bgr(compressed(b'', form + '\n\0' * 999)))
    assert long.startswith('format ')


# Which converter is used.


def broken() -> image_decoding.Converter:
    """Fail as a converter for another numpy does."""
    raise SystemError('initialization of cv_bridge_boost raised unreported exception')


def absent() -> image_decoding.Converter:
    """Fail as a package that is not installed does."""
    raise ImportError


@pytest.mark.parametrize(
    ('numpy_version', 'loaders', 'chosen'),
    [
        ('1.26.4', {'cv_bridge': lambda: 'bridge', 'rosbags-image': lambda: 'bags'}, 'bridge'),
        ('2.4.0', {'cv_bridge': lambda: 'bridge', 'rosbags-image': lambda: 'bags'}, 'bags'),
        ('2.4.0', {'cv_bridge': lambda: 'bridge', 'rosbags-image': absent}, 'bridge'),
        ('1.26.4', {'cv_bridge': broken, 'rosbags-image': lambda: 'bags'}, 'bags'),
        ('1.26.4', {'cv_bridge': absent, 'rosbags-image': lambda: 'bags'}, 'bags'),
    ],
)
def test_choice_of_the_converter(
    numpy_version: str,
    loaders: dict[str, Callable[[], object]],
    chosen: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(np, '__version__', numpy_version)
    monkeypatch.setattr(image_decoding, 'CONVERTER_LOADERS', loaders)
    assert image_decoding.load_converter() == chosen


def test_without_a_converter_the_error_says_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaders = {'cv_bridge': broken, 'rosbags-image': absent}
    monkeypatch.setattr(image_decoding, 'CONVERTER_LOADERS', loaders)
    with pytest.raises(ImportError, match='install cv_bridge from ROS, or rosbags-image'):
        image_decoding.load_converter()


def test_a_broken_cv_bridge_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The package imports, since it ignores that its compiled part does not.
    package = ModuleType('cv_bridge')
    package.CvBridge = object
    package.__path__ = []
    for name in ('cv_bridge.boost', 'cv_bridge.boost.cv_bridge_boost'):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, 'cv_bridge', package)
    with pytest.raises(ImportError):
        image_decoding.CONVERTER_LOADERS['cv_bridge']()
