"""The chunks of a WebP."""

from __future__ import annotations

from collections.abc import Iterator
import struct
from typing import NamedTuple

from nn_perception.core.imaging.formats.container import Buffer, Container, UPRIGHT
from nn_perception.core.imaging.formats.exif import EXIF_START, read_orientation

WEBP_START = b'RIFF'
WEBP_NAME = b'WEBP'
ANIMATED = 'animated'
# An animation has one chunk for each image.
MAX_CHUNKS = 1 << 16

_CHUNKS_AT = 12
_VP8_START = b'\x9d\x01\x2a'
_VP8L_START = 0x2F
_HAS_ALPHA = 0x10
_IS_ANIMATED = 0x02


class _Size(NamedTuple):
    width: int
    height: int
    has_alpha: bool
    variant: str = ''


def read_webp(stored: Buffer) -> Container:
    """
    Read the header of a WebP.

    :raises ValueError: if it is damaged or truncated; the message has no subject
    """
    if len(stored) < _CHUNKS_AT + 18:
        raise ValueError('is truncated: the WebP ends in its header')
    end = 8 + struct.unpack_from('<I', stored, 4)[0]
    if end > len(stored):
        raise ValueError('is truncated: the end of the WebP is missing')
    size = None
    orientation = UPRIGHT
    for name, body in _chunks(stored[:end]):
        if size is None:
            size = _read_size(name, body)
        if name == b'EXIF':
            # Some writers begin it as in a JPEG.
            has_start = bytes(body[: len(EXIF_START)]) == EXIF_START
            orientation = read_orientation(body[len(EXIF_START) if has_start else 0 :])
    if size is None:
        raise ValueError('is damaged: the WebP has no image')
    return Container(
        'WebP',
        size.width,
        size.height,
        stored[:end],
        has_alpha=size.has_alpha,
        orientation=orientation,
        variant=size.variant,
    )


def _chunks(stored: Buffer) -> Iterator[tuple[bytes, Buffer]]:
    at = _CHUNKS_AT
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(stored):
            return
        name, length = struct.unpack_from('<4sI', stored, at)
        if at + 8 + length > len(stored):
            raise ValueError('is damaged: a chunk of the WebP is longer than the file')
        yield name, stored[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    raise ValueError(f'is damaged: the WebP has more than {MAX_CHUNKS} chunks')


def _read_size(name: bytes, body: Buffer) -> _Size:
    """Read the first chunk; libwebp rejects an image of another size after it."""
    if name == b'VP8X' and len(body) >= 10:
        flags, low, high = struct.unpack_from('<I', body)[0], bytes(body[4:7]), bytes(body[7:10])
        width, height = (1 + int.from_bytes(side, 'little') for side in (low, high))
        variant = ANIMATED if flags & _IS_ANIMATED else ''
        return _Size(width, height, bool(flags & _HAS_ALPHA), variant)
    if name == b'VP8 ' and len(body) >= 10 and bytes(body[3:6]) == _VP8_START:
        width, height = struct.unpack_from('<HH', body, 6)
        return _Size(width & 0x3FFF, height & 0x3FFF, has_alpha=False)
    if name == b'VP8L' and len(body) >= 5 and body[0] == _VP8L_START:
        (bits,) = struct.unpack_from('<I', body, 1)
        return _Size(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), bool(bits >> 28 & 1))
    raise ValueError('is damaged: the WebP does not begin with an image')
