"""Read MCAP files in the order of the recording."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterator
import heapq
from pathlib import Path

from nn_perception.bags.storage.connection import CDR, Connection, Definition
from nn_perception.bags.storage.decompression import max_expanded, MAX_MESSAGE
from nn_perception.bags.storage.files import BagError
from nn_perception.bags.storage.mcap_file import McapFile
from nn_perception.bags.storage.mcap_records import (
    CHANNEL,
    Channel,
    CHUNK,
    CHUNK_INDEX,
    ChunkEntry,
    DATA_END,
    MAGIC,
    MESSAGE,
    MESSAGE_HEAD,
    read_channel,
    read_chunk_entry,
    read_schema,
    read_statistics,
    RECORD_HEAD,
    records_in,
    SCHEMA,
    Schema,
    STATISTICS,
    Statistics,
)
from nn_perception.bags.storage.qos import HASH_KEY, QOS_KEY, read_qos
import numpy as np

# Of messages that are handed out.
BLOCK = 4096

Row = tuple[int, int, bytes]
"""Recording time in ns, id of the channel, and the content."""


class McapReader:
    """
    An MCAP file that is open for reading.

    Its summary is used if it is complete; else the whole file is read once.

    :ivar connections: its channels
    :ivar span_ns: times of the first and last message, or None
    :raises BagError: if it is damaged
    :raises OSError: if it cannot be read
    """

    def __init__(self, path: Path) -> None:
        self._file = McapFile(path)
        self._schemas: dict[int, Schema] = {}
        self._channels: dict[int, Channel] = {}
        self._chunks: list[ChunkEntry] = []
        self._statistics: Statistics | None = None
        try:
            self._read_summary()
            if not self._is_complete():
                self._scan()
            self._check_chunks()
            self.connections = [self._connection(number) for number in self._channels]
        except BaseException:
            self.close()
            raise
        self.span_ns = self._span()

    def _span(self) -> tuple[int, int] | None:
        statistics = self._statistics
        if statistics is None or not any(statistics.counts.values()):
            return None
        return statistics.start_ns, statistics.end_ns

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def messages(self, ids: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """
        Read the messages of some channels in the order of the recording.

        :raises BagError: if the file is damaged
        """
        rows = self._merged(ids) if self._chunks else self._in_file_order(ids)
        for time_ns, number, content in rows:
            yield number, time_ns, content

    # Opening.

    def _read_summary(self) -> None:
        file = self._file
        for kind, at, length in file.records(file.data_end, file.footer):
            if kind in (SCHEMA, CHANNEL, CHUNK_INDEX, STATISTICS):
                self._take(kind, file.read(at, length))

    def _take(self, kind: int, content: bytes) -> None:
        """Keep what a record says about the file."""
        if kind == SCHEMA:
            number, schema = read_schema(content)
            self._schemas.setdefault(number, schema)
        elif kind == CHANNEL:
            number, channel = read_channel(content)
            if self._channels.setdefault(number, channel) != channel:
                raise BagError(f'it is damaged (two channels have the id {number})')
        elif kind == CHUNK_INDEX:
            self._chunks.append(read_chunk_entry(content))
        elif kind == STATISTICS:
            self._statistics = read_statistics(content)

    def _is_complete(self) -> bool:
        """Tell whether the summary describes all of the file."""
        statistics = self._statistics
        found = len(self._channels), len(self._chunks)
        if statistics is None or (statistics.channels, statistics.chunks) != found:
            return False
        schemas = {channel.schema_id for channel in self._channels.values()} - {0}
        is_declared = statistics.counts.keys() <= self._channels.keys()
        return is_declared and schemas <= self._schemas.keys()

    def _scan(self) -> None:
        """Read the file once to find what its summary does not say."""
        self._chunks, counts = [], Counter[int]()
        first, last = 2**64, 0
        for kind, at, length in self._file.records(len(MAGIC), self._file.data_end):
            if kind == CHUNK:
                chunk = self._file.chunk_at(at, length)
                self._chunks.append(chunk)
                times = self._scan_chunk(self._file.expanded(chunk), counts)
            elif kind == MESSAGE:
                number, _, time_ns, _ = self._message_head(at, length)
                counts[number] += 1
                times = (time_ns, time_ns)
            else:
                if kind in (SCHEMA, CHANNEL):
                    self._take(kind, self._file.read(at, length))
                continue
            first, last = min(first, times[0]), max(last, times[1])
        unknown = counts.keys() - self._channels.keys()
        if unknown:
            raise BagError(f'it is damaged (channel {min(unknown)} is not declared)')
        found = len(self._channels), len(self._chunks)
        self._statistics = Statistics(*found, first, last, dict(counts))

    def _scan_chunk(self, content: bytes, counts: Counter[int]) -> tuple[int, int]:
        """Count the messages of a chunk; return the first and last time."""
        first, last = 2**64, 0
        for kind, start, end in records_in(content):
            if kind == MESSAGE:
                number, _, time_ns, _ = _message_head(content, start, end)
                counts[number] += 1
                first, last = min(first, time_ns), max(last, time_ns)
            elif kind in (SCHEMA, CHANNEL):
                self._take(kind, content[start:end])
        return first, last

    def _check_chunks(self) -> None:
        """Reject chunks that overlap in the file, or too many that overlap in time."""
        end = 0
        for chunk in sorted(self._chunks, key=lambda entry: entry.offset):
            if chunk.offset < end or chunk.offset + chunk.stored > self._file.data_end:
                raise BagError('it is damaged (its index of chunks is wrong)')
            end = chunk.offset + max(1, chunk.stored)
        self._chunks.sort(key=lambda entry: (entry.start_ns, entry.offset))
        open_chunks: list[tuple[int, int, int]] = []
        stored = expanded = 0
        for chunk in self._chunks:
            while open_chunks and open_chunks[0][0] < chunk.start_ns:
                _, old_stored, old_expanded = heapq.heappop(open_chunks)
                stored, expanded = stored - old_stored, expanded - old_expanded
            heapq.heappush(open_chunks, (chunk.end_ns, chunk.stored, chunk.expanded))
            stored, expanded = stored + chunk.stored, expanded + chunk.expanded
            if expanded > max_expanded(stored):
                raise BagError(
                    f'{stored} compressed bytes expand to {expanded // 1_000_000} MB that are '
                    f'needed at once: the limit is {max_expanded(stored) // 1_000_000} MB'
                )

    def _connection(self, number: int) -> Connection:
        channel = self._channels[number]
        schema = self._schemas.get(channel.schema_id, Schema('', Definition()))
        extra = dict(channel.extra)
        profiles = extra.pop(QOS_KEY, '')
        digest = extra.pop(HASH_KEY, '')
        count = self._statistics.counts.get(number, 0) if self._statistics else 0
        return Connection(
            number, channel.topic, schema.name, channel.encoding or CDR, schema.definition,
            digest, read_qos(profiles), count, extra,
        )  # fmt: skip

    # Reading.

    def _merged(self, ids: Collection[int]) -> Iterator[Row]:
        """Read messages in chunks, which may overlap in time."""
        chosen = frozenset(ids)
        waiting = [c for c in self._chunks if not c.channels or c.channels & chosen][::-1]
        # The number of a chunk keeps equal times in the order of the file.
        heap: list[tuple[int, int, Row, Iterator[Row]]] = []
        number = 0
        while waiting or heap:
            if waiting and (not heap or waiting[-1].start_ns <= heap[0][0]):
                rows, number = self._sorted(waiting.pop(), chosen), number + 1
                heapq.heappush(heap, (-1, number, (0, 0, b''), rows))
            time_ns, place, row, rows = heap[0]
            if time_ns >= 0:
                yield row
            following = next(rows, None)
            if following is None:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, (following[0], place, following, rows))

    def _sorted(self, chunk: ChunkEntry, ids: frozenset[int]) -> Iterator[Row]:
        """Read the messages of a chunk, sorted by time."""
        content = self._file.expanded(chunk)
        times, starts = array('Q'), array('Q')
        for kind, start, end in records_in(content):
            if kind == MESSAGE:
                number, _, time_ns, _ = _message_head(content, start, end)
                if number in ids:
                    times.append(time_ns)
                    starts.append(start)
        order = np.argsort(np.frombuffer(times, np.uint64), kind='stable')
        del times
        # Numbers of Python take more memory, so there are never many of them.
        for at in range(0, len(order), BLOCK):
            for place in order[at : at + BLOCK].tolist():
                start = starts[place]
                _, length = RECORD_HEAD.unpack_from(content, start - RECORD_HEAD.size)
                number, _, time_ns, _ = MESSAGE_HEAD.unpack_from(content, start)
                yield time_ns, number, content[start + MESSAGE_HEAD.size : start + length]

    def _in_file_order(self, ids: Collection[int]) -> Iterator[Row]:
        """Read messages that are not in chunks, and have no index."""
        previous_ns = 0
        for kind, at, length in self._file.records(len(MAGIC), self._file.data_end):
            if kind == DATA_END:
                return
            if kind == CHUNK:
                raise BagError('it is damaged (its index of chunks is wrong)')
            if kind != MESSAGE:
                continue
            number, _, time_ns, _ = self._message_head(at, length)
            if time_ns < previous_ns:
                raise BagError(
                    'its messages are not in timestamp order and have no index: `mcap sort` '
                    'repairs it'
                )
            previous_ns = time_ns
            if number in ids:
                start, size = at + MESSAGE_HEAD.size, length - MESSAGE_HEAD.size
                yield time_ns, number, self._file.read(start, size, MAX_MESSAGE)

    def _message_head(self, at: int, length: int) -> tuple[int, int, int, int]:
        content = self._file.read(at, min(length, MESSAGE_HEAD.size))
        return _message_head(content, 0, len(content))


def _message_head(content: bytes, start: int, end: int) -> tuple[int, int, int, int]:
    """Return channel, sequence number, and times of recording and publishing in ns."""
    if end - start < MESSAGE_HEAD.size:
        raise BagError('it is damaged (a message is too short)')
    return MESSAGE_HEAD.unpack_from(content, start)
