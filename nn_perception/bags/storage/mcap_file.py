"""The bytes of an MCAP file: parts, records and chunks, within its ends."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import zlib

from nn_perception.bags.storage.decompression import expand, MAX_MESSAGE
from nn_perception.bags.storage.files import BagError, open_regular
from nn_perception.bags.storage.mcap_records import (
    CHUNK,
    CHUNK_HEAD,
    ChunkEntry,
    Fields,
    FOOTER,
    FOOTER_BYTES,
    INVALID,
    MAGIC,
    RECORD_HEAD,
)

# Schemas and indexes; the longest entry of an index names 65,536 channels.
MAX_RECORD = 64_000_000


class McapFile:
    """
    An MCAP file with both of its ends.

    :ivar footer: where the footer starts
    :ivar data_end: where the summary or footer starts
    :raises BagError: if it is something else, or not complete
    :raises OSError: if it cannot be read
    """

    def __init__(self, path: Path) -> None:
        self._stream = open_regular(path)
        try:
            self.footer = self._find_footer()
            (summary,) = Fields(self.read(self.footer + RECORD_HEAD.size, 8)).numbers('Q')
            self.data_end = summary or self.footer
            if not len(MAGIC) <= self.data_end <= self.footer:
                raise BagError('it is damaged (its summary is outside of the file)')
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _find_footer(self) -> int:
        size = os.fstat(self._stream.fileno()).st_size
        if not size:
            raise BagError('it seems to be empty')
        if self.read(0, min(len(MAGIC), size)) != MAGIC:
            raise BagError('it is not an MCAP file')
        footer = size - len(MAGIC) - FOOTER_BYTES - RECORD_HEAD.size
        if footer >= len(MAGIC) and self.read(size - len(MAGIC), len(MAGIC)) == MAGIC:
            head = RECORD_HEAD.unpack(self.read(footer, RECORD_HEAD.size))
            if head == (FOOTER, FOOTER_BYTES):
                return footer
        raise BagError(
            'its end is missing, since the recording was not closed properly or the file is '
            'truncated; `mcap recover` repairs it'
        )

    def read(self, at: int, size: int, limit: int = MAX_RECORD) -> bytes:
        """Read a part of the file."""
        if size > limit:
            raise BagError(f'it holds a part of {size // 1_000_000} MB, which is too large')
        content = os.pread(self._stream.fileno(), size, at) if size >= 0 else b''
        if len(content) != size:
            raise BagError('it is damaged (it ends too early)')
        return content

    def records(self, at: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Yield the kind of each record, where its content starts, and its length."""
        while at < end:
            kind, length = RECORD_HEAD.unpack(self.read(at, RECORD_HEAD.size))
            at += RECORD_HEAD.size
            if length > end - at or kind == INVALID:
                raise BagError('it is damaged (a record is longer than the file, or none)')
            yield kind, at, length
            at += length

    def chunk_at(self, at: int, length: int) -> ChunkEntry:
        """Read what a chunk says about itself."""
        start_ns, end_ns, expanded, _ = CHUNK_HEAD.unpack(self.read(at, CHUNK_HEAD.size))
        return ChunkEntry(start_ns, end_ns, at - RECORD_HEAD.size, length, expanded)

    def expanded(self, chunk: ChunkEntry) -> bytes:
        """Read and decompress a chunk."""
        kind, length = RECORD_HEAD.unpack(self.read(chunk.offset, RECORD_HEAD.size))
        if kind != CHUNK:
            raise BagError('it is damaged (its index of chunks is wrong)')
        at, end = chunk.offset + RECORD_HEAD.size, chunk.offset + RECORD_HEAD.size + length
        _, _, expanded, checksum = CHUNK_HEAD.unpack(self.read(at, CHUNK_HEAD.size))
        head = Fields(self.read(at + CHUNK_HEAD.size, min(length - CHUNK_HEAD.size, 100)))
        compression, (stored,) = head.text(), head.numbers('Q')
        at += CHUNK_HEAD.size + 4 + len(compression.encode()) + 8
        if at + stored > min(end, self.data_end) or expanded != chunk.expanded:
            raise BagError('it is damaged (the sizes of a chunk are wrong)')
        content = expand(self.read(at, stored, MAX_MESSAGE), compression, expanded)
        if checksum and zlib.crc32(content) != checksum:
            raise BagError('it is damaged (the checksum of a chunk is wrong)')
        return content
