"""Write MCAP files as rosbag2 does: in chunks with an index, without compression."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
import struct
import zlib

from nn_perception.bags.storage import mcap_records as records
from nn_perception.bags.storage.connection import CDR, Connection, Definition, ROS1
from nn_perception.bags.storage.mcap_records import MESSAGE_HEAD, RECORD_HEAD
from nn_perception.bags.storage.qos import HASH_KEY, QOS_KEY

CHUNK_BYTES = 1 << 20
LIBRARY = 'nn_perception'
SUFFIX = '.mcap'
# Later than every time.
NEVER_NS = 2**63 - 1


class McapWriter:
    """
    A new MCAP file.

    :param path: of the file, which must not exist
    :param connections: its topics
    :param profiles: the QoS profiles of each topic as text
    :raises OSError: if it cannot be written
    """

    def __init__(self, path: Path, connections: list[Connection], profiles: list[str]) -> None:
        self._schemas: dict[tuple[str, Definition], int] = {}
        self._counts = {each.id: 0 for each in connections}
        self._span_ns = [NEVER_NS, 0]
        self._indexes: list[bytes] = []
        self._at = 0
        declared = [self._declare(*each) for each in zip(connections, profiles, strict=True)]
        schemas = [_schema(number, *key) for key, number in self._schemas.items()]
        # The summary repeats them.
        self._schema_records, self._channel_records = b''.join(schemas), b''.join(declared)
        self._stream = path.open('xb')
        is_ros2 = not any(each.encoding == ROS1 for each in connections)
        self._put(records.MAGIC)
        self._put(_record(records.HEADER, _text('ros2' if is_ros2 else '') + _text(LIBRARY)))
        self._begin_chunk()
        self._chunk += self._schema_records + self._channel_records

    def write(self, number: int, recorded_ns: int, content: bytes) -> None:
        """
        Write a message.

        :param number: id of the connection
        :raises OSError: if it cannot be written
        """
        self._counts[number] += 1
        for span in (self._span_ns, self._chunk_span_ns):
            span[:] = min(span[0], recorded_ns), max(span[1], recorded_ns)
        self._messages[number].append((recorded_ns, len(self._chunk)))
        head = MESSAGE_HEAD.pack(number, 0, recorded_ns, recorded_ns)
        self._chunk += RECORD_HEAD.pack(records.MESSAGE, len(head) + len(content)) + head
        self._chunk += content
        if len(self._chunk) > CHUNK_BYTES:
            self._end_chunk()

    def finish(self, metadata: str) -> None:
        """
        Write the index and close the file.

        :param metadata: description of the bag, as in ``metadata.yaml``
        :raises OSError: if it cannot be written
        """
        if self._chunk:
            self._end_chunk()
        start = self._at
        self._put(
            _record(records.METADATA, _text('rosbag2') + _texts({'serialized_metadata': metadata}))
        )
        self._put(_record(records.DATA_END, bytes(4)))
        index = struct.pack('<QQ', start, self._at - RECORD_HEAD.size - 4 - start)
        parts = {
            records.SCHEMA: self._schema_records,
            records.CHANNEL: self._channel_records,
            records.CHUNK_INDEX: b''.join(self._indexes),
            records.METADATA_INDEX: _record(records.METADATA_INDEX, index + _text('rosbag2')),
            records.STATISTICS: _record(records.STATISTICS, self._statistics()),
        }
        summary, offsets = self._at, b''
        for kind, part in parts.items():
            if part:
                place = struct.pack('<BQQ', kind, self._at, len(part))
                offsets += _record(records.SUMMARY_OFFSET, place)
                self._put(part)
        footer = struct.pack('<QQI', summary, self._at, 0)
        self._put(offsets + _record(records.FOOTER, footer) + records.MAGIC)
        self._stream.close()

    def abort(self) -> None:
        """Close the file, which is not complete."""
        self._stream.close()

    def _declare(self, connection: Connection, profiles: str) -> bytes:
        """Number the schema of a connection, and return the record of its channel."""
        definition, schema = connection.definition, 0
        if connection.msgtype:
            if not definition.encoding and connection.encoding == CDR:
                definition = Definition('ros2msg', definition.content)
            key = connection.msgtype, definition
            schema = self._schemas.setdefault(key, len(self._schemas) + 1)
        extra = {**connection.extra, QOS_KEY: profiles}
        if connection.digest:
            extra[HASH_KEY] = connection.digest
        content = struct.pack('<HH', connection.id, schema) + _text(connection.topic)
        return _record(records.CHANNEL, content + _text(connection.encoding) + _texts(extra))

    def _begin_chunk(self) -> None:
        self._chunk = bytearray()
        self._chunk_span_ns = [NEVER_NS, 0]
        self._messages: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def _end_chunk(self) -> None:
        """Write the chunk, and the index of its messages behind it."""
        start_ns, end_ns = self._chunk_span_ns if self._messages else (0, 0)
        size = len(self._chunk)
        head = records.CHUNK_HEAD.pack(start_ns, end_ns, size, zlib.crc32(self._chunk))
        head += _text('') + struct.pack('<Q', size)
        start = self._at
        self._put(RECORD_HEAD.pack(records.CHUNK, len(head) + size) + head)
        self._put(self._chunk)
        end, offsets = self._at, b''
        for number, places in self._messages.items():
            offsets += struct.pack('<HQ', number, self._at)
            entries = b''.join(struct.pack('<QQ', *place) for place in places)
            index = struct.pack('<HI', number, len(entries)) + entries
            self._put(_record(records.MESSAGE_INDEX, index))
        entry = struct.pack('<QQQQ', start_ns, end_ns, start, end - start) + _block(offsets)
        entry += struct.pack('<Q', self._at - end) + _text('') + struct.pack('<QQ', size, size)
        self._indexes.append(_record(records.CHUNK_INDEX, entry))
        self._begin_chunk()

    def _statistics(self) -> bytes:
        total = sum(self._counts.values())
        span_ns = self._span_ns if total else (0, 0)
        numbers = len(self._schemas), len(self._counts), 0, 1, len(self._indexes)
        counts = b''.join(struct.pack('<HQ', *each) for each in self._counts.items())
        return struct.pack('<QHIIIIQQ', total, *numbers, *span_ns) + _block(counts)

    def _put(self, content: bytes | bytearray) -> None:
        self._stream.write(content)
        self._at += len(content)


def _schema(number: int, name: str, definition: Definition) -> bytes:
    content = struct.pack('<H', number) + _text(name) + _text(definition.encoding)
    return _record(records.SCHEMA, content + _block(definition.content))


def _record(kind: int, content: bytes) -> bytes:
    return RECORD_HEAD.pack(kind, len(content)) + content


def _block(content: bytes) -> bytes:
    return struct.pack('<I', len(content)) + content


def _text(text: str) -> bytes:
    return _block(text.encode())


def _texts(texts: Mapping[str, str]) -> bytes:
    return _block(b''.join(_text(key) + _text(text) for key, text in texts.items()))
