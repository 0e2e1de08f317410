"""The first image of a TIFF, and whether its strips or tiles are there."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.core.imaging.formats.container import Buffer, Container, UPRIGHT
from nn_perception.core.imaging.formats.exif import ORIENTATION_TAG, TagDirectory

TIFF_STARTS = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
MAX_CHANNELS = 6
# A decoder works through a list of them.
MAX_PARTS = 100_000
# Tiles cover a little more than the image.
MAX_COVER = 4
MIN_COVER_PIXELS = 1 << 22
# LZW packs 4096 bytes into a code of 12 bits, the others less; CCITT any row of one bit a pixel.
MAX_COMPRESSION = 4096

_WIDTH, _HEIGHT = 256, 257
_BITS, _COMPRESSION, _CHANNELS, _PLANES = 258, 259, 277, 284
_STRIP_OFFSETS, _STRIP_ROWS, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_EXTRA_CHANNELS = 338
_SEPARATE_PLANES = 2
# None, CCITT, LZW, JPEG, Deflate and PackBits.
_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)


def read_tiff(stored: Buffer) -> Container:
    """
    Read the first directory of a TIFF.

    :raises ValueError: if it is damaged or truncated, or of a kind that is not supported; the
        message has no subject
    """
    tags = TagDirectory.read(stored)
    width, height = tags.integer(_WIDTH, 0), tags.integer(_HEIGHT, 0)
    channels = tags.integer(_CHANNELS, 1)
    compression = tags.integer(_COMPRESSION, 1)
    if compression not in _COMPRESSIONS:
        raise ValueError(f'is a TIFF with the compression {compression}, which is not supported')
    if not 1 <= channels <= MAX_CHANNELS:
        raise ValueError(
            f'is a TIFF with {channels} channels, which is not supported; at most '
            f'{MAX_CHANNELS} are'
        )
    _check_parts(stored, tags, width, height)
    bits = max(tags.integers(_BITS, (1,)), default=1)
    orientation = tags.integer(ORIENTATION_TAG, UPRIGHT)
    # Decoders rotate a TIFF whether they are asked to or not.
    is_rotated = orientation != UPRIGHT
    return Container(
        'TIFF',
        width,
        height,
        tags.replaced(ORIENTATION_TAG, UPRIGHT) if is_rotated else stored,
        bits=bits,
        has_alpha=_EXTRA_CHANNELS in tags,
        orientation=orientation if orientation in range(1, 9) else UPRIGHT,
        least_bytes=0 if bits == 1 else width * height * bits // 8 // MAX_COMPRESSION,
    )


def _check_parts(stored: Buffer, tags: TagDirectory, width: int, height: int) -> None:
    """Reject strips and tiles that are missing, too many or far larger than the image."""
    if _TILE_OFFSETS in tags:
        across, down = tags.integer(_TILE_WIDTH, 0), tags.integer(_TILE_HEIGHT, 0)
        offsets, sizes = tags.integers(_TILE_OFFSETS), tags.integers(_TILE_BYTES)
    else:
        across, down = width, min(tags.integer(_STRIP_ROWS, height), height)
        offsets, sizes = tags.integers(_STRIP_OFFSETS), tags.integers(_STRIP_BYTES)
    if min(width, height, across, down) < 1:
        # The size is checked by the caller, and says more.
        if min(width, height) < 1:
            return
        raise ValueError('is damaged: the parts of the TIFF have no pixels')
    columns, rows = -(-width // across), -(-height // down)
    if columns * across * rows * down > max(MAX_COVER * width * height, MIN_COVER_PIXELS):
        raise ValueError('is damaged: the tiles of the TIFF are far larger than its image')
    planes = tags.integer(_CHANNELS, 1) if tags.integer(_PLANES, 1) == _SEPARATE_PLANES else 1
    _check_places(len(stored), offsets, sizes, columns * rows * planes)


def _check_places(size: int, offsets: Sequence[int], sizes: Sequence[int], count: int) -> None:
    if count > MAX_PARTS:
        raise ValueError(f'has {count} strips or tiles, the limit is {MAX_PARTS}')
    if len(offsets) != count or len(sizes) not in (0, count):
        raise ValueError(
            f'is damaged: the TIFF has {len(offsets)} strips or tiles, expected {count}'
        )
    ends = [offset + length for offset, length in zip(offsets, sizes or [0] * count, strict=True)]
    if max(ends) > size:
        raise ValueError('is truncated: the end of the TIFF is missing')
