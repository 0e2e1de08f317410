"""
The segments of a JPEG, walked as libjpeg walks them.

What libjpeg would skip or guess is rejected here, so both see the same frame header: no bytes
between segments, no second frame, no unknown markers.
"""

from __future__ import annotations

from collections.abc import Iterator
import struct
from typing import NamedTuple

from nn_perception.core.imaging.formats.container import BITS, Buffer, Container, UPRIGHT
from nn_perception.core.imaging.formats.exif import EXIF_START, read_orientation
import numpy as np

JPEG_START = b'\xff\xd8\xff'
JPEG_END = b'\xff\xd9'
# Each scan goes over the whole image. Encoders write about ten, the most careful twenty.
MAX_SCANS = 50
# Fill bytes count too.
MAX_SEGMENTS = 10_000

_BLOCK_BYTES = 1 << 20
_FILL = 0xFF
_END = 0xD9
_SCAN = 0xDA
_EXIF = 0xE1
# Frames: C0 to CF without the tables C4 (Huffman), C8 (reserved), CC (arithmetic).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ARITHMETIC = range(0xC9, 0xD0)
# Besides frames and scans: tables, application data, comments, and the number of lines (DC),
# which libjpeg ignores. The end marker is the last of all segments.
_WITH_LENGTH = _FRAMES | {0xC4, 0xCC, _END, _SCAN, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xE0, 0xF0)}
# Without a length: TEM and the restart markers.
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
# After FF in the data of a scan: everything else is a marker.
_IS_MARKER = np.ones(256, bool)
_IS_MARKER[[0x00, _FILL, *range(0xD0, 0xD8)]] = False


class _Segment(NamedTuple):
    marker: int
    start: int
    end: int


class _Frame(NamedTuple):
    marker: int
    bits: int
    height: int
    width: int


def read_jpeg(stored: Buffer) -> Container:
    """
    Read the headers of a JPEG.

    :returns: incomplete, if the end marker is missing
    :raises ValueError: if it is damaged, truncated in its header, of a kind that is not
        supported, or has too many scans; the message has no subject
    """
    headers = _Headers(stored)
    for segment in _segments(stored):
        if segment.end > len(stored):
            break
        headers.add(segment)
        if segment.marker == _END:
            break
    return headers.container()


class _Headers:
    """What the segments say together."""

    def __init__(self, stored: Buffer) -> None:
        self._stored = stored
        self._frame: _Frame | None = None
        self._orientation = UPRIGHT
        self._scans = 0
        self._end = 0

    def add(self, segment: _Segment) -> None:
        """
        Read one segment.

        :raises ValueError: if it must not be there
        """
        if segment.marker in _FRAMES:
            if self._frame is not None:
                raise ValueError('is damaged: the JPEG has two frames')
            self._frame = _read_frame(self._stored, segment)
        elif segment.marker in (_SCAN, _END):
            self._end = segment.end if segment.marker == _END else 0
            self._scans += segment.marker == _SCAN
            if self._frame is None or not self._scans:
                raise ValueError('is damaged: the JPEG has no image')
            if self._scans > MAX_SCANS:
                raise ValueError(f'has more than {MAX_SCANS} scans')
        elif segment.marker == _EXIF and self._orientation == UPRIGHT:
            body = self._stored[segment.start : segment.end]
            if bytes(body[: len(EXIF_START)]) == EXIF_START:
                self._orientation = read_orientation(body[len(EXIF_START) :])

    def container(self) -> Container:
        """
        Put together what was read.

        :raises ValueError: if there is no image
        """
        if self._frame is None or not self._scans:
            raise ValueError('is truncated: the JPEG ends in its header')
        return Container(
            'JPEG',
            self._frame.width,
            self._frame.height,
            self._stored[: self._end] if self._end else self._stored,
            orientation=self._orientation,
            is_complete=bool(self._end),
            least_bytes=self._least_bytes(self._frame),
        )

    @staticmethod
    def _least_bytes(frame: _Frame) -> int:
        """Count a bit for each block of 8 x 8 pixels: Huffman codes have no less."""
        if frame.marker in _ARITHMETIC:
            return 0
        return -(-frame.width // 8) * -(-frame.height // 8) // 8


def _segments(stored: Buffer) -> Iterator[_Segment]:
    """Yield the segments, the end marker among them, until the data ends."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        if at + 4 > len(stored):
            if JPEG_END in bytes(stored[at:]):
                yield _Segment(_END, len(stored), len(stored))
            return
        fill, marker, length = struct.unpack_from('>BBH', stored, at)
        if fill != _FILL:
            raise ValueError(
                'is damaged: a JPEG segment does not start where the previous one ends'
            )
        if marker == _FILL:
            at += 1
        elif marker in _BARE:
            at += 2
        else:
            end = at + 2 if marker == _END else at + 2 + length
            if marker not in _WITH_LENGTH or (marker != _END and length < 2):
                raise ValueError(f'is damaged: a JPEG has no segment ff {marker:02x}')
            yield _Segment(marker, at + 4, end)
            at = _next_marker(stored, end) if marker == _SCAN else end
    raise ValueError(f'is damaged: the JPEG has more than {MAX_SEGMENTS} segments')


def _read_frame(stored: Buffer, segment: _Segment) -> _Frame:
    if segment.end - segment.start < 6:
        raise ValueError('is damaged: the frame header of the JPEG is incomplete')
    frame = _Frame(segment.marker, *struct.unpack_from('>BHH', stored, segment.start))
    if frame.bits != BITS:
        raise ValueError(
            f'is a JPEG with {frame.bits} bits per value, which is not supported; '
            'use PNG or TIFF for more than 8 bits'
        )
    return frame


def _next_marker(stored: Buffer, start: int) -> int:
    """Find the marker that ends the data of a scan; the end of the data if there is none."""
    data = np.frombuffer(stored, np.uint8)
    while start < len(data):
        block = data[start : start + _BLOCK_BYTES + 1]
        # In blocks: a photograph of some megabytes needs no mask of its own size.
        fills = np.flatnonzero(block[:-1] == _FILL)
        markers = fills[_IS_MARKER[block[fills + 1]]]
        if len(markers):
            return start + int(markers[0])
        start += _BLOCK_BYTES
    return len(data)
