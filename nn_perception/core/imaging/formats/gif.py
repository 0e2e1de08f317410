"""
The first image of a GIF.

A decoder gets nothing but that image: comments may be as long as the file, and the images that
follow are not wanted.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from nn_perception.core.imaging.formats.container import Buffer, Container

GIF_STARTS = (b'GIF87a', b'GIF89a')
# Of up to 255 bytes each.
MAX_BLOCKS = 1 << 18

_ENDS = 'is truncated: the GIF ends within its image'
_HEADER_BYTES = 13
_EXTENSION = 0x21
_CONTROL = 0xF9
_IMAGE = 0x2C
_TRAILER = b';'


class _FirstImage(NamedTuple):
    """Where it lies; and the control block before it, which names the transparent colour."""

    start: int
    control: bytes


def read_gif(stored: Buffer) -> Container:
    """
    Read the header of a GIF.

    :returns: without comments and without all images but the first; its size is that of the
        screen, or that of the image where it is larger
    :raises ValueError: if it is damaged or truncated; the message has no subject
    """
    try:
        return _read(stored)
    except (struct.error, IndexError) as error:
        raise ValueError(_ENDS) from error


def _read(stored: Buffer) -> Container:
    width, height, flags = struct.unpack_from('<HHB', stored, 6)
    screen_end = _HEADER_BYTES + _palette_bytes(flags)
    first = _first_image(stored, screen_end)
    left, top, columns, rows, local = struct.unpack_from('<HHHHB', stored, first.start + 1)
    end = _data_end(stored, first.start + 10 + _palette_bytes(local) + 1)
    parts = stored[:screen_end], first.control, stored[first.start : end], _TRAILER
    return Container(
        'GIF',
        max(width, left + columns),
        max(height, top + rows),
        b''.join(parts),
        has_alpha=bool(first.control),
    )


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _first_image(stored: Buffer, at: int) -> _FirstImage:
    control = b''
    for _ in range(MAX_BLOCKS):
        kind = stored[at]
        if kind == _IMAGE:
            return _FirstImage(at, control)
        if kind != _EXTENSION:
            raise ValueError('is damaged: the GIF has no image')
        end = _data_end(stored, at + 2)
        if stored[at + 1] == _CONTROL:
            control = bytes(stored[at:end])
        at = end
    raise ValueError(f'is damaged: the GIF has more than {MAX_BLOCKS} blocks')


def _data_end(stored: Buffer, at: int) -> int:
    """Walk blocks of up to 255 bytes to the empty block that ends them."""
    for _ in range(MAX_BLOCKS):
        length = stored[at]
        at += 1 + length
        if not length:
            return at
    raise ValueError(f'is damaged: the GIF has more than {MAX_BLOCKS} blocks')
