"""The records of MCAP files: their parts, and nothing beyond their ends."""

from __future__ import annotations

from collections.abc import Iterator
import struct
from typing import NamedTuple

from nn_perception.bags.storage.connection import Definition
from nn_perception.bags.storage.files import BagError

MAGIC = b'\x89MCAP0\r\n'
# A hole in a file is zeros.
INVALID = 0
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK = 1, 2, 3, 4, 5, 6
MESSAGE_INDEX, CHUNK_INDEX, STATISTICS, METADATA = 7, 8, 11, 12
METADATA_INDEX, SUMMARY_OFFSET, DATA_END = 13, 14, 15

RECORD_HEAD = struct.Struct('<BQ')
MESSAGE_HEAD = struct.Struct('<HIQQ')
CHUNK_HEAD = struct.Struct('<QQQI')
FOOTER_BYTES = 20


class Fields:
    """
    The fields of a record, read one after the other.

    :param content: of the record
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._content)

    def take(self, size: int) -> bytes:
        """
        Take the next bytes.

        :raises BagError: if the record ends earlier
        """
        end = self._at + size
        if end > len(self._content):
            raise BagError('it is damaged (a record ends too early)')
        part, self._at = self._content[self._at : end], end
        return part

    def numbers(self, layout: str) -> tuple[int, ...]:
        """Take numbers, little-endian, as :mod:`struct` describes them."""
        return struct.unpack(f'<{layout}', self.take(struct.calcsize(f'<{layout}')))

    def block(self) -> bytes:
        """Take bytes with their length in front."""
        return self.take(self.numbers('I')[0])

    def text(self) -> str:
        """Take a text with its length in front."""
        try:
            return self.block().decode()
        except UnicodeDecodeError as error:
            raise BagError('it is damaged (a text is not UTF-8)') from error

    def texts(self) -> dict[str, str]:
        """Take a dictionary of texts."""
        fields, found = Fields(self.block()), {}
        while fields:
            key = fields.text()
            found[key] = fields.text()
        return found


class Schema(NamedTuple):
    """The definition of a type, and its name."""

    name: str
    definition: Definition


class Channel(NamedTuple):
    """A topic of one file."""

    schema_id: int
    topic: str
    encoding: str
    extra: dict[str, str]


class ChunkEntry(NamedTuple):
    """
    Where a chunk is, and what it holds.

    :param start_ns: time of the first message
    :param end_ns: time of the last message
    :param offset: of its record in the file
    :param channels: ids of those with messages; empty if unknown
    """

    start_ns: int
    end_ns: int
    offset: int
    stored: int
    expanded: int
    channels: frozenset[int] = frozenset()


class Statistics(NamedTuple):
    """What the file says about itself."""

    channels: int
    chunks: int
    start_ns: int
    end_ns: int
    counts: dict[int, int]


def read_schema(content: bytes) -> tuple[int, Schema]:
    """Read a schema and its id."""
    fields = Fields(content)
    (number,) = fields.numbers('H')
    name = fields.text()
    return number, Schema(name, Definition(fields.text(), fields.block()))


def read_channel(content: bytes) -> tuple[int, Channel]:
    """Read a channel and its id."""
    fields = Fields(content)
    number, schema_id = fields.numbers('HH')
    return number, Channel(schema_id, fields.text(), fields.text(), fields.texts())


def read_chunk_entry(content: bytes) -> ChunkEntry:
    """Read an entry of the index of chunks."""
    fields = Fields(content)
    start_ns, end_ns, offset, _ = fields.numbers('QQQQ')
    channels = frozenset(number for number, _ in struct.iter_unpack('<HQ', _whole(fields)))
    fields.numbers('Q')
    fields.text()
    stored, expanded = fields.numbers('QQ')
    return ChunkEntry(start_ns, end_ns, offset, stored, expanded, channels)


def read_statistics(content: bytes) -> Statistics:
    """Read the statistics."""
    fields = Fields(content)
    _, _, channels, _, _, chunks, start_ns, end_ns = fields.numbers('QHIIIIQQ')
    counts = dict(struct.iter_unpack('<HQ', _whole(fields)))
    return Statistics(channels, chunks, start_ns, end_ns, counts)


def records_in(content: bytes) -> Iterator[tuple[int, int, int]]:
    """
    Yield the records of an expanded chunk.

    :returns: kind, and where the content starts and ends
    :raises BagError: if one is longer than the chunk
    """
    at, size = 0, len(content)
    while at < size:
        if at + RECORD_HEAD.size > size:
            raise BagError('it is damaged (a record ends too early)')
        kind, length = RECORD_HEAD.unpack_from(content, at)
        at += RECORD_HEAD.size
        if length > size - at or kind == INVALID:
            raise BagError('it is damaged (a record is longer than its chunk, or none)')
        yield kind, at, at + length
        at += length


def _whole(fields: Fields) -> bytes:
    """Take a list of entries of ten bytes."""
    entries = fields.block()
    if len(entries) % 10:
        raise BagError('it is damaged (an index has an unfinished entry)')
    return entries
