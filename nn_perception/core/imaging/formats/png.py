"""
The chunks of a PNG.

A decoder gets only the chunks with pixels: it would unpack compressed texts and colour profiles
that nobody looks at, and trust the length of a chunk that the data does not hold.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from nn_perception.core.imaging.formats.container import Buffer, Container, UPRIGHT
from nn_perception.core.imaging.formats.exif import read_orientation

PNG_START = b'\x89PNG\r\n\x1a\n'
# Encoders write chunks of 8 KiB and more; so this allows for 160 MB.
MAX_CHUNKS = 20_000

_ENDS = 'is truncated: the end of the PNG is missing'
_PIXELS = frozenset({b'IHDR', b'PLTE', b'tRNS', b'IDAT', b'IEND'})
_CHUNK = struct.Struct('>I4s')
_ALPHA_COLOURS = (4, 6)
_FRAME_BYTES = 12
_IS_ANCILLARY = 0x20


class _Chunk(NamedTuple):
    name: bytes
    start: int
    end: int
    """Of the whole chunk, with length, name and checksum."""


def read_png(stored: Buffer) -> Container:
    """
    Read the header of a PNG.

    :returns: without its ancillary chunks, but for the transparency of a palette or a colour
    :raises ValueError: if it is damaged or truncated; the message has no subject
    """
    if len(stored) < len(PNG_START) + 25:
        raise ValueError('is truncated: the PNG ends in its header')
    chunks = _chunks(stored)
    names = [chunk.name for chunk in chunks]
    header = chunks[0]
    if names[0] != b'IHDR' or header.end - header.start != 25 or names.count(b'IHDR') > 1:
        raise ValueError('is damaged: the PNG does not begin with its header')
    width, height, bits, colour = struct.unpack_from('>IIBB', stored, header.start + 8)
    orientation = UPRIGHT
    for chunk in chunks:
        if chunk.name == b'eXIf':
            orientation = read_orientation(stored[chunk.start + 8 : chunk.end - 4])
    return Container(
        'PNG',
        width,
        height,
        _pixels_only(stored, chunks),
        bits=bits,
        has_alpha=colour in _ALPHA_COLOURS or b'tRNS' in names,
        orientation=orientation,
    )


def _chunks(stored: Buffer) -> list[_Chunk]:
    """Find the chunks up to the end chunk."""
    at = len(PNG_START)
    chunks: list[_Chunk] = []
    while len(chunks) < MAX_CHUNKS:
        if at + _FRAME_BYTES > len(stored):
            raise ValueError(_ENDS)
        length, name = _CHUNK.unpack_from(stored, at)
        end = at + _FRAME_BYTES + length
        if end > len(stored):
            raise ValueError(_ENDS)
        if name not in _PIXELS and not name[0] & _IS_ANCILLARY:
            raise ValueError('is damaged: the PNG has an unknown critical chunk')
        chunks.append(_Chunk(name, at, end))
        if name == b'IEND':
            return chunks
        at = end
    raise ValueError(f'is damaged: the PNG has more than {MAX_CHUNKS} chunks')


def _pixels_only(stored: Buffer, chunks: list[_Chunk]) -> Buffer:
    if all(chunk.name in _PIXELS for chunk in chunks):
        return stored[: chunks[-1].end]
    kept = (stored[chunk.start : chunk.end] for chunk in chunks if chunk.name in _PIXELS)
    return b''.join((PNG_START, *kept))
