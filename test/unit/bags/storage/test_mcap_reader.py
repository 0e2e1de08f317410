"""MCAP files of every layout, intact, damaged and hostile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import itertools
from pathlib import Path
import random
import struct
from typing import Any

from backports import zstd
from mcap.reader import make_reader
from mcap.writer import CompressionType, IndexType, Writer
from nn_perception.bags.storage import mcap_records as records
from nn_perception.bags.storage.files import BagError
from nn_perception.bags.storage.mcap_reader import McapReader
import pytest

Row = tuple[str, int, bytes]
ORDERLY = (1, 2, 2, 3, 9)
# As after a clock was set, forward and back; equal times keep their order.
JUMPING = (5, 1, 9, 9, 2, 2**62, 3, 2, 0)


def write(path: Path, times: tuple[int, ...], **options: Any) -> list[Row]:
    """Write messages on three channels, two of which have one topic; return them sorted."""
    with path.open('wb') as stream:
        writer = Writer(stream, **{'compression': CompressionType.NONE, **options})
        writer.start(options.get('profile', 'ros2'))
        schema = writer.register_schema('std_msgs/msg/String', 'ros2msg', b'string data')
        topics = ['/a', '/b', '/a']
        channels = [writer.register_channel(topic, 'cdr', schema) for topic in topics[:2]]
        channels.append(writer.register_channel('/a', 'cdr', schema, {'callerid': 'x'}))
        rows = []
        for number, time_ns in enumerate(times):
            content = b'%d' % number * (1 + number * 31)
            writer.add_message(channels[number % 3], time_ns, content, time_ns, number)
            rows.append((topics[number % 3], time_ns, content))
        writer.add_attachment(0, 0, 'name', 'text', bytes(50))
        writer.finish()
    return sorted(rows, key=lambda row: row[1])


def read(path: Path) -> list[Row]:
    reader = McapReader(path)
    try:
        topics = {each.id: each.topic for each in reader.connections}
        return [(topics[i], time, content) for i, time, content in reader.messages(topics)]
    finally:
        reader.close()


def layouts() -> Iterator[dict[str, Any]]:
    kinds = (IndexType.ALL, IndexType.NONE, IndexType.CHUNK, IndexType.MESSAGE)
    for kind, compression, repeats, statistics in itertools.product(
        kinds, CompressionType, (True, False), (True, False)
    ):
        yield {
            'index_types': kind, 'compression': compression, 'repeat_channels': repeats,
            'repeat_schemas': repeats, 'use_statistics': statistics, 'chunk_size': 100,
        }  # fmt: skip


@pytest.mark.parametrize('options', list(layouts()), ids=str)
def test_every_layout(tmp_path: Path, options: dict[str, Any]) -> None:
    for times in (ORDERLY, JUMPING, ()):
        rows = write(tmp_path / 'x.mcap', times, **options)
        assert read(tmp_path / 'x.mcap') == rows
        reader = McapReader(tmp_path / 'x.mcap')
        counts = [sum(row[0] == topic for row in rows) for topic in ('/a', '/b')]
        by_topic = [
            sum(each.msgcount for each in reader.connections if each.topic == topic)
            for topic in ('/a', '/b')
        ]
        assert by_topic == counts
        assert reader.span_ns == ((rows[0][1], rows[-1][1]) if rows else None)
        chosen = {each.id for each in reader.connections if each.topic == '/b'}
        assert [time for _, time, _ in reader.messages(chosen)] == [
            row[1] for row in rows if row[0] == '/b'
        ]
        reader.close()


@pytest.mark.parametrize('statistics', [True, False])
@pytest.mark.parametrize('repeats', [True, False])
def test_without_chunks(tmp_path: Path, statistics: bool, repeats: bool) -> None:
    options = {
        'use_chunking': False, 'use_statistics': statistics, 'repeat_channels': repeats
    }  # fmt: skip
    rows = write(tmp_path / 'x.mcap', ORDERLY, **options)
    assert read(tmp_path / 'x.mcap') == rows
    write(tmp_path / 'x.mcap', JUMPING, **options)
    with pytest.raises(BagError, match='not in timestamp order'):
        read(tmp_path / 'x.mcap')


def test_a_large_file_as_another_library_reads_it(tmp_path: Path) -> None:
    generator = random.Random(3)
    times = tuple(i * 10 + generator.randrange(-400, 400) for i in range(100, 3000))
    path = tmp_path / 'x.mcap'
    write(path, times, chunk_size=3000, compression=CompressionType.ZSTD)
    with path.open('rb') as stream:
        expected = [
            (channel.topic, message.log_time, message.data)
            for _, channel, message in make_reader(stream).iter_messages()
        ]
    found = read(path)
    assert [row[1] for row in found] == [row[1] for row in expected]
    assert sorted(found) == sorted(expected)


def test_a_file_that_is_cut_anywhere(tmp_path: Path) -> None:
    write(tmp_path / 'x.mcap', JUMPING, chunk_size=100)
    content = (tmp_path / 'x.mcap').read_bytes()
    path = tmp_path / 'cut.mcap'
    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        reasons = 'seems to be empty|is not an MCAP file|its end is missing'
        with pytest.raises(BagError, match=reasons):
            McapReader(path)


@pytest.mark.parametrize('options', [{}, {'use_chunking': False}, {'index_types': IndexType.NONE}])
def test_damage_gives_a_sentence(tmp_path: Path, options: dict[str, Any]) -> None:
    options = {'chunk_size': 100, 'compression': CompressionType.LZ4, **options}
    write(tmp_path / 'x.mcap', ORDERLY, **options)
    content = (tmp_path / 'x.mcap').read_bytes()
    generator = random.Random(7)
    path, failed = tmp_path / 'bad.mcap', 0
    for at in range(8, len(content) - 8):
        bad = bytearray(content)
        bad[at] = generator.choice([0, 255, bad[at] ^ 1, bad[at] ^ 128])
        path.write_bytes(bad)
        try:
            assert sum(len(row[2]) for row in read(path)) < 100_000
        except (BagError, UnicodeDecodeError):
            failed += 1
    assert failed > 30


def chunk(content: bytes, expanded: int, compression: bytes = b'', times: Any = (1, 9)) -> bytes:
    head = struct.pack('<QQQI', *times, expanded, 0)
    head += struct.pack('<I', len(compression)) + compression + struct.pack('<Q', len(content))
    return struct.pack('<BQ', records.CHUNK, len(head) + len(content)) + head + content


def file_of(path: Path, *parts: bytes) -> Path:
    """Write a file without a summary."""
    header = struct.pack('<BQII', records.HEADER, 8, 0, 0)
    footer = struct.pack('<BQQQI', records.FOOTER, 20, 0, 0, 0)
    path.write_bytes(b''.join([records.MAGIC, header, *parts, footer, records.MAGIC]))
    return path


def test_a_chunk_that_is_a_bomb(tmp_path: Path, zeros: Callable[[str, int], bytes]) -> None:
    for compression in ('zstd', 'lz4'):
        stored = zeros(compression, 200_000_000)
        for stated in (200_000_000, 1000, 2**63):
            path = file_of(tmp_path / 'x.mcap', chunk(stored, stated, compression.encode()))
            with pytest.raises(BagError, match='expand to more than'):
                McapReader(path)


def test_sizes_that_are_stated_and_not_there(tmp_path: Path) -> None:
    path = tmp_path / 'x.mcap'
    message = struct.pack('<BQHIQQ', records.MESSAGE, 22, 1, 0, 5, 5)
    for part in (
        struct.pack('<BQ', records.MESSAGE, 2**63),
        struct.pack('<BQ', records.SCHEMA, 2**40) + bytes(50),
        struct.pack('<BQHI', records.SCHEMA, 6, 1, 2**32 - 1),
        struct.pack('<BQ', records.MESSAGE, 3) + bytes(3),
        chunk(b'', 2**50),
        chunk(struct.pack('<BQ', records.MESSAGE, 2**60), 9),
        chunk(message, len(message)),
        chunk(message[:-1], len(message) - 1),
        chunk(b'', 0, b'rar'),
        message,
    ):
        with pytest.raises(BagError):
            McapReader(file_of(path, part))
    # A hole in the file makes a record of any size possible, which is not read.
    hole = struct.pack('<BQ', records.SCHEMA, 10**12)
    with path.open('wb') as stream:
        stream.write(records.MAGIC + hole)
        stream.seek(10**12, 1)
        stream.write(struct.pack('<BQQQI', records.FOOTER, 20, 0, 0, 0) + records.MAGIC)
    with pytest.raises(BagError, match='a part of 1000000 MB, which is too large'):
        McapReader(path)


def test_an_index_that_names_a_chunk_again_and_again(tmp_path: Path) -> None:
    write(tmp_path / 'x.mcap', ORDERLY, use_statistics=True)
    content = (tmp_path / 'x.mcap').read_bytes()
    reader = McapReader(tmp_path / 'x.mcap')
    for kind, at, length in reader._file.records(reader._file.data_end, reader._file.footer):
        if kind == records.CHUNK_INDEX:
            entry = content[at - 9 : at + length]
        if kind == records.STATISTICS:
            # The number of chunks becomes two.
            start = at + 8 + 2 + 4 + 4 + 4
            content = content[:start] + struct.pack('<I', 2) + content[start + 4 :]
    reader.close()
    end = len(content) - 37
    (tmp_path / 'x.mcap').write_bytes(content[:end] + entry + content[end:])
    with pytest.raises(BagError, match='its index of chunks is wrong'):
        McapReader(tmp_path / 'x.mcap')


def test_chunks_that_are_needed_at_once(tmp_path: Path) -> None:
    # Each of them is small enough, but all of them begin before the first one ends.
    stored = zstd.compress(bytes(50_000_000))
    chunks = [chunk(stored, 50_000_000, b'zstd', (0, 9)) for _ in range(3)]
    at, entries = len(records.MAGIC) + 17, b''
    for each in chunks:
        entry = struct.pack('<QQQQIQI', 0, 9, at, len(each), 0, 0, 4) + b'zstd'
        entry += struct.pack('<QQ', len(stored), 50_000_000)
        entries += struct.pack('<BQ', records.CHUNK_INDEX, len(entry)) + entry
        at += len(each)
    counts = struct.pack('<QHIIIIQQI', 0, 0, 0, 0, 0, 3, 0, 9, 0)
    entries += struct.pack('<BQ', records.STATISTICS, len(counts)) + counts
    path = file_of(tmp_path / 'x.mcap', *chunks, entries)
    with path.open('r+b') as stream:
        stream.seek(-28, 2)
        stream.write(struct.pack('<Q', at))
    with pytest.raises(BagError, match='expand to 150 MB that are needed at once'):
        McapReader(path)
