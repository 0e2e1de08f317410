"""The orientation in EXIF data, and the directories of tags that EXIF shares with TIFF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import struct
from typing import NamedTuple

from nn_perception.core.imaging.formats.container import Buffer, UPRIGHT
import numpy as np

ORIENTATION_TAG = 0x0112
EXIF_START = b'Exif\0\0'
MAX_TAGS = 4096
# Bytes of a value of each type; rationals, texts and the like are only counted.
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_BIG_TYPE_BYTES = {16: 8, 17: 8, 18: 8}
_INTEGERS = {1: 'u1', 3: 'u2', 4: 'u4', 13: 'u4', 16: 'u8', 18: 'u8'}


class _Layout(NamedTuple):
    """Where the fields of a directory lie: classic TIFF, or BigTIFF."""

    number: str
    entry: str
    inline: int


_CLASSIC = _Layout('H', 'HHI', 4)
_BIG = _Layout('Q', 'HHQ', 8)


class _Entry(NamedTuple):
    kind: int
    length: int
    offset: int


@dataclass(frozen=True)
class TagDirectory:
    """
    The first directory of TIFF or EXIF data.

    :ivar is_big: whether it is BigTIFF
    """

    is_big: bool
    _data: Buffer
    _order: str
    _entries: dict[int, _Entry]

    @classmethod
    def read(cls, data: Buffer) -> TagDirectory:
        """
        Read the directory.

        :param data: from the byte order mark on
        :raises ValueError: if it is damaged, or its tags claim more bytes than there are: a
            decoder that loads each would fill the memory; the message has no subject
        """
        try:
            return cls._read(data)
        except struct.error as error:
            raise ValueError('is truncated: its tags are incomplete') from error

    @classmethod
    def _read(cls, data: Buffer) -> TagDirectory:
        order = {b'II': '<', b'MM': '>'}.get(bytes(data[:2]))
        if order is None:
            raise ValueError('is damaged: its tags have no byte order')
        version, start = struct.unpack_from(f'{order}HI', data, 2)
        is_big = version == 43
        if is_big:
            (start,) = struct.unpack_from(f'{order}Q', data, 8)
        elif version != 42:
            raise ValueError('is damaged: its tags have no known version')
        layout = _BIG if is_big else _CLASSIC
        if start > len(data):
            raise ValueError('is truncated: its tags are missing')
        entries = _entries(data, start, order, layout)
        return cls(is_big, data, order, entries)

    def __contains__(self, tag: int) -> bool:
        return tag in self._entries

    def integers(self, tag: int, default: Sequence[int] = ()) -> Sequence[int]:
        """
        Read the values of a tag.

        :param tag: its number
        :param default: the values if the tag is absent
        :raises ValueError: if they are not integers
        """
        if tag not in self._entries:
            return default
        kind, count, offset = self._entries[tag]
        if kind not in _INTEGERS:
            raise ValueError(f'is damaged: its tag {tag} has no integers')
        dtype = np.dtype(self._order + _INTEGERS[kind])
        values: list[int] = np.frombuffer(self._data, dtype, count, offset).tolist()
        return values

    def replaced(self, tag: int, value: int) -> bytes:
        """
        Copy the data with another first value of a tag.

        :param tag: a tag with integers
        """
        kind, _, offset = self._entries[tag]
        dtype = np.dtype(self._order + _INTEGERS[kind])
        data = bytearray(self._data)
        data[offset : offset + dtype.itemsize] = np.array(value, dtype).tobytes()
        return bytes(data)

    def integer(self, tag: int, default: int) -> int:
        """
        Read the first value of a tag.

        :raises ValueError: if it is no integer
        """
        values = self.integers(tag, (default,))
        return values[0] if values else default


def _entries(data: Buffer, start: int, order: str, layout: _Layout) -> dict[int, _Entry]:
    """Find the values of all tags; together they must fit into the data."""
    (count,) = struct.unpack_from(order + layout.number, data, start)
    if count > MAX_TAGS:
        raise ValueError(f'is damaged: it has {count} tags, the limit is {MAX_TAGS}')
    at = start + struct.calcsize(order + layout.number)
    sizes = _TYPE_BYTES | (_BIG_TYPE_BYTES if layout is _BIG else {})
    entries: dict[int, _Entry] = {}
    total = 0
    for _ in range(count):
        tag, kind, values = struct.unpack_from(order + layout.entry, data, at)
        at += struct.calcsize(order + layout.entry)
        size = values * sizes.get(kind, 0)
        offset = at
        if size > layout.inline:
            (offset,) = struct.unpack_from(order + ('Q' if layout is _BIG else 'I'), data, at)
            total += size
        if kind in sizes:
            entries.setdefault(tag, _Entry(kind, values, offset))
        at += layout.inline
        if offset + size > len(data) or total > len(data):
            raise ValueError('is damaged: its tags claim more bytes than it has')
    return entries


def read_orientation(data: Buffer) -> int:
    """
    Read the orientation from EXIF data.

    :param data: from the byte order mark on
    :returns: 1 to 8, as EXIF defines them; 1, which is upright, if there is no valid entry
    """
    try:
        orientation = TagDirectory.read(data).integer(ORIENTATION_TAG, UPRIGHT)
    except ValueError:
        # An image with damaged EXIF data is shown as it is stored.
        return UPRIGHT
    return orientation if orientation in range(1, 9) else UPRIGHT
