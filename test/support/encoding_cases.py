"""
Messages in every encoding, and the images that must come back, by plain formulas.

Each case writes known pixels to a message, with padding, in either byte order and in odd sizes,
and computes the expected image by indexing and arithmetic, without OpenCV and the converters of
the package.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]

# The YUV forms are converted with fixed point numbers; this many levels of 255 are allowed.
YUV_TOLERANCE = 2

PADDING = 0xA5
HUGE = 2**32 - 1


@dataclass
class RawMessage:
    """The fields of sensor_msgs/Image."""

    encoding: str = ''
    width: int = 0
    height: int = 0
    step: int = 0
    is_bigendian: int = 0
    data: array[int] = field(default_factory=lambda: array('B'))


def message(encoding: str, rows: list[bytes], width: int, **layout: int) -> RawMessage:
    """
    Lay rows of bytes out as a message.

    :param layout: ``height`` where it is not the number of rows; ``pad`` bytes behind each
        row; ``cut`` bytes missing at the end; ``is_bigendian``
    """
    pad = layout.get('pad', 0)
    msg = RawMessage(encoding=encoding, width=width, height=layout.get('height', len(rows)))
    msg.step = len(rows[0]) + pad
    msg.is_bigendian = layout.get('is_bigendian', 0)
    stored = b''.join(row + bytes([PADDING]) * pad for row in rows)
    msg.data.frombytes(stored[: len(stored) - layout.get('cut', 0)])
    return msg


def claim(encoding: str, width: int, height: int, step: int, size: int) -> RawMessage:
    """Make a message that claims something, with ``size`` bytes of data."""
    msg = RawMessage(encoding=encoding, width=width, height=height, step=step)
    msg.data.frombytes(bytes(size))
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


def grey(values: Array) -> Array:
    """Repeat ``(H, W)`` in three equal channels."""
    return np.stack([values, values, values], axis=-1)


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
    """Map least to largest finite value linearly to 0 to 255, all else to 0; any shape."""
    flat = [float(v) for v in values.ravel()]
    finite = [v for v in flat if np.isfinite(v)]
    low, high = min(finite), max(finite)
    span = high - low or 1.0
    levels = [(v - low) / span * 255 if np.isfinite(v) else 0.0 for v in flat]
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


def packed(channels: int, to_expected: Callable[[Array], Array]) -> Case:
    """Build the case of an encoding with its channels side by side."""

    def make(height: int, width: int, _order: str) -> tuple[list[bytes], Array]:
        pixels = noise((height, width, channels))
        return interleaved_rows(pixels, 'u1'), to_expected(pixels)

    return Case(make)


def deep(channels: int, dtype: str, order_of_channels: tuple[int, ...] = (0, 1, 2)) -> Case:
    """Build the case of an encoding with more than 8 bits."""

    def make(height: int, width: int, order: str) -> tuple[list[bytes], Array]:
        pixels = noise((height, width, channels), np.uint16)
        if dtype == 'f4':
            pixels = pixels.astype(np.float32) / np.float32(1000)
        # Opacity has a range of its own.
        levels = stretched(pixels[:, :, :3])
        expected = grey(levels[:, :, 0]) if channels == 1 else levels[:, :, order_of_channels]
        return interleaved_rows(pixels, order + dtype), expected

    return Case(make, value_bytes=int(dtype[1]), tolerance=1 if dtype == 'f4' else 0)


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
        shown = mosaic if bits == 8 else stretched(mosaic)
        return interleaved_rows(mosaic, f'{order}u{bits // 8}'), bilinear(shown, pattern)

    return Case(make, sizes=((6, 8), (5, 7), (3, 3)), value_bytes=bits // 8, tolerance=1, border=1)


def subsampled(u_at: int, v_at: int) -> Case:
    """Build the case of luma, then rows of U and V by turns at half the resolution."""

    def make(height: int, width: int, _order: str) -> tuple[list[bytes], Array]:
        luma, chroma = noise((height, width)), noise((height // 2, width // 2, 2))
        full = np.repeat(np.repeat(chroma, 2, axis=0), 2, axis=1)
        rows = [row.tobytes() for row in luma] + [row.tobytes() for row in chroma]
        return rows, bt601(luma, full[:, :, u_at], full[:, :, v_at])

    return Case(make, sizes=((6, 8), (2, 2), (4, 6)), tolerance=YUV_TOLERANCE)


def nv24(height: int, width: int, _order: str) -> tuple[list[bytes], Array]:
    """Lay out luma, then U and V by turns at full resolution, a line of them in two rows."""
    luma, chroma = noise((height, width)), noise((height, width, 2))
    rows = [row.tobytes() for row in luma]
    for line in chroma:
        stored = line.tobytes()
        rows += [stored[:width], stored[width:]]
    return rows, bt601(luma, chroma[:, :, 0], chroma[:, :, 1])


PLANAR = {
    'nv12': subsampled(u_at=0, v_at=1),
    'nv21': subsampled(u_at=1, v_at=0),
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
    'mono16': deep(1, 'u2'),
    '16UC1': deep(1, 'u2'),
    'bgr16': deep(3, 'u2'),
    '16UC3': deep(3, 'u2'),
    'rgb16': deep(3, 'u2', (2, 1, 0)),
    'bgra16': deep(4, 'u2'),
    '16UC4': deep(4, 'u2'),
    'rgba16': deep(4, 'u2', (2, 1, 0)),
    '32FC1': deep(1, 'f4'),
    '32FC3': deep(3, 'f4'),
    '32FC4': deep(4, 'f4'),
    'yuv422': yuv422('uyvY'),
    'uyvy': yuv422('uyvY'),
    'yuv422_yuy2': yuv422('yuYv'),
    'yuyv': yuv422('yuYv'),
    **{
        f'bayer_{pattern}{bits}': bayer(pattern, bits)
        for pattern in ('rggb', 'bggr', 'gbrg', 'grbg')
        for bits in (8, 16)
    },
    **PLANAR,
}

TABLE = [
    (encoding, size, layout)
    for encoding, case in CASES.items()
    for size in case.sizes
    for layout in case.layouts
    # A line of NV24 chroma has its padding behind both of its rows.
    if not (encoding == 'nv24' and 'padded' in layout)
]


def built(encoding: str, size: tuple[int, int], layout: str) -> tuple[RawMessage, Array]:
    """Make the message of one row of the table and the picture that must come back."""
    case = CASES[encoding]
    options = case.layouts[layout]
    # What 8 bit drivers say about the byte order must not matter.
    rows, expected = case.make(*size, '>' if options.get('is_bigendian') else '<')
    # A message with height in the buffer's rows is tested below.
    return message(encoding, rows, size[1], height=size[0], **options), expected
