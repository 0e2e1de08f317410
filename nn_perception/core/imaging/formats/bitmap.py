"""The headers of BMP, and of PBM, PGM, PPM and PFM."""

from __future__ import annotations

import re
import struct

from nn_perception.core.imaging.formats.container import Buffer, Container

BMP_START = b'BM'
PNM_STARTS = (b'P1', b'P2', b'P3', b'P4', b'P5', b'P6', b'PF', b'Pf')

_BMP_CORE_BYTES = 12
_BMP_HEADER_BYTES = (_BMP_CORE_BYTES, 40, 52, 56, 64, 108, 124)
_BMP_RLE = (1, 2)
RUN_LENGTH = 'run length'

# The longest header that a person would write; a comment may stand before each number.
_PNM_HEADER_BYTES = 4096
_GAP = rb'(?:\s|#[^\r\n]*[\r\n])+'
_PNM_SIZE = re.compile(rb'(P[1-6Ff])' + _GAP + rb'(\d{1,9})' + _GAP + rb'(\d{1,9})')
_PNM_MAXIMUM = re.compile(_GAP + rb'(\d{1,5})\s')
_PFM_SCALE = re.compile(rb'\s+(-?\d{1,9}(?:\.\d{0,9})?)\s')
_PNM_CHANNELS = {'P3': 3, 'P6': 3, 'PF': 3}
_FLOAT_BITS = 32


def read_bmp(stored: Buffer) -> Container:
    """
    Read the header of a BMP.

    :raises ValueError: if it is damaged or truncated; the message has no subject
    """
    try:
        (header_bytes,) = struct.unpack_from('<I', stored, 14)
        if header_bytes not in _BMP_HEADER_BYTES:
            raise ValueError(f'is damaged: a BMP has no header of {header_bytes} bytes')
        if header_bytes == _BMP_CORE_BYTES:
            width, height = struct.unpack_from('<HH', stored, 18)
            compression = 0
        else:
            width, height, _, _, compression = struct.unpack_from('<iiHHI', stored, 18)
    except struct.error as error:
        raise ValueError('is truncated: the BMP ends in its header') from error
    variant = RUN_LENGTH if compression in _BMP_RLE else ''
    # A negative height: the first row is the upper one.
    return Container('BMP', width, abs(height), stored, variant=variant)


def read_pnm(stored: Buffer) -> Container:
    """
    Read the header of a PBM, PGM, PPM or PFM.

    :returns: with a header in its plainest form, which every decoder reads alike; ``variant`` is
        its magic number, and ``bits`` 32 for floats
    :raises ValueError: if it is damaged or truncated; the message has no subject
    """
    header = bytes(stored[:_PNM_HEADER_BYTES])
    found = _PNM_SIZE.match(header)
    if found is None:
        raise ValueError('is damaged: its header has no size')
    kind = found[1].decode()
    width, height = int(found[2]), int(found[3])
    start, last, bits = _read_maximum(kind, header, found.end())
    row_bytes = width * _PNM_CHANNELS.get(kind, 1) * bits // 8
    if kind == 'P4':
        row_bytes = (width + 7) // 8
    if kind not in ('P1', 'P2', 'P3') and len(stored) - start < row_bytes * height:
        raise ValueError('is truncated: the end of the image is missing')
    plain = f'{kind}\n{width} {height}\n{last}'.encode()
    name = 'PFM' if kind in ('PF', 'Pf') else 'PNM'
    data = b''.join((plain, stored[start:]))
    return Container(name, width, height, data, bits=bits, variant=kind)


def _read_maximum(kind: str, header: bytes, at: int) -> tuple[int, str, int]:
    """Read what follows the size: where the pixels start, the last line, the bits of a value."""
    if kind in ('P1', 'P4'):
        return at + 1, '', 1
    pattern = _PFM_SCALE if kind in ('PF', 'Pf') else _PNM_MAXIMUM
    found = pattern.match(header, at)
    if found is None:
        raise ValueError('is damaged: its header has no maximum')
    last = found[1].decode()
    if kind in ('PF', 'Pf'):
        return found.end(), f'{last}\n', _FLOAT_BITS
    if not 1 <= int(last) <= 65535:
        raise ValueError(f'is damaged: its maximum is {last}, expected 1 to 65535')
    return found.end(), f'{last}\n', 8 if int(last) < 256 else 16
