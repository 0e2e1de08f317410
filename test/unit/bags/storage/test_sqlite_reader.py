"""sqlite3 files of every version, damaged and hostile."""

from __future__ import annotations

from pathlib import Path
import random
import re
import sqlite3
import struct
import time
from typing import Any

from nn_perception.bags.storage.files import BagError
from nn_perception.bags.storage.sqlite_reader import SqliteReader
import pytest

TOPICS = 'id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT'
MESSAGES = 'id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB'


def database(path: Path, *statements: str) -> Path:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def first_version(path: Path, *more: str) -> Path:
    return database(
        path,
        f'CREATE TABLE topics({TOPICS})',
        f'CREATE TABLE messages({MESSAGES})',
        "INSERT INTO topics VALUES(7, '/a', 'std_msgs/msg/String', 'cdr')",
        "INSERT INTO messages VALUES(1, 7, 30, x'0102'), (2, 7, 10, x''), (3, 7, 10, x'05')",
        *more,
    )


def read(path: Path) -> list[tuple[int, int, bytes]]:
    reader = SqliteReader(path)
    try:
        return list(reader.messages({each.id for each in reader.connections}))
    finally:
        reader.close()


def test_the_first_version(tmp_path: Path) -> None:
    path = first_version(tmp_path / 'x.db3')
    assert read(path) == [(7, 10, b''), (7, 10, b'\x05'), (7, 30, b'\x01\x02')]
    reader = SqliteReader(path)
    (topic,) = reader.connections
    assert (topic.id, topic.topic, topic.msgcount, reader.span_ns) == (7, '/a', 3, (10, 30))
    assert list(reader.messages(())) == []
    reader.close()


def test_messages_of_no_topic_are_left_out(tmp_path: Path) -> None:
    path = first_version(tmp_path / 'x.db3', "INSERT INTO messages VALUES(4, 8, 20, x'07')")
    assert len(read(path)) == 3


@pytest.mark.parametrize(
    ('statements', 'reason'),
    [
        ([], 'it has no table topics'),
        ([f'CREATE TABLE topics({TOPICS})'], 'it has no table messages'),
        (
            [f'CREATE TABLE topics({TOPICS})', 'CREATE TABLE messages(id INTEGER, data BLOB)'],
            'its table messages has no column timestamp, topic_id',
        ),
        # A view that never ends.
        (
            [
                f'CREATE TABLE topics({TOPICS})',
                'CREATE VIEW messages AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 '
                'FROM c) SELECT x AS id, 1 AS topic_id, x AS timestamp, x AS data FROM c',
            ],
            'it has no table messages',
        ),
        # A column that becomes a gigabyte.
        (
            [
                f'CREATE TABLE topics({TOPICS})',
                'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp '
                'INTEGER, data BLOB AS (zeroblob(1000000000)))',
                'INSERT INTO messages(topic_id, timestamp) VALUES(1, 1)',
            ],
            'is not that of a recording',
        ),
        (
            [f'CREATE TABLE topics({TOPICS})', 'CREATE VIRTUAL TABLE messages USING fts4(data)'],
            'is not that of a recording',
        ),
    ],
)
def test_what_is_no_recording(tmp_path: Path, statements: list[str], reason: str) -> None:
    path = database(tmp_path / 'x.db3', *(statements or ['CREATE TABLE other(x)']))
    with pytest.raises(BagError, match=reason):
        read(path)


@pytest.mark.parametrize(
    'row', ["'late', x'00'", "2.5, x'00'", "NULL, x'00'", "5, 'text'", '5, NULL', '5, 77']
)
def test_rows_that_are_no_messages(tmp_path: Path, row: str) -> None:
    path = first_version(tmp_path / 'x.db3', f'INSERT INTO messages VALUES(4, 7, {row})')
    with pytest.raises(BagError, match='row 4 is not a message'):
        read(path)


def test_a_message_that_is_too_large(tmp_path: Path) -> None:
    path = first_version(
        tmp_path / 'x.db3', 'INSERT INTO messages VALUES(4, 7, 5, zeroblob(520000000))'
    )
    with pytest.raises(BagError, match='a message of 520 MB is too large'):
        read(path)


def test_odd_topics(tmp_path: Path) -> None:
    path = first_version(
        tmp_path / 'x.db3',
        "INSERT INTO topics VALUES(8, x'ff', NULL, 3)",
        "INSERT INTO topics VALUES(9, '/a', 'std_msgs/msg/String', 'cdr')",
        "INSERT INTO messages VALUES(4, 9, 20, x'07')",
    )
    assert [row[0] for row in read(path)] == [7, 7, 9, 7]
    reader = SqliteReader(path)
    assert [each.topic for each in reader.connections] == ['/a', '', '/a']
    reader.close()
    database(path, "INSERT INTO topics VALUES(10, CAST(x'ff' AS TEXT), '', '')")
    with pytest.raises(BagError, match='the name of topic 10 is not UTF-8'):
        read(path)


def test_definitions_are_kept_as_they_are(tmp_path: Path) -> None:
    path = first_version(
        tmp_path / 'x.db3',
        'CREATE TABLE message_definitions(topic_type, encoding, encoded_message_definition)',
        "INSERT INTO message_definitions VALUES('std_msgs/msg/String', 'ros2msg', "
        "CAST(x'ff00' AS TEXT))",
    )
    reader = SqliteReader(path)
    (topic,) = reader.connections
    assert topic.definition.content == b'\xff\x00'
    reader.close()


def test_damage_gives_a_sentence(tmp_path: Path, recording: Any) -> None:
    messages = [('/wheel', i, recording.wheel(i / 7)) for i in range(50)]
    content = (recording.write(tmp_path / 'bag', messages) / 'bag.db3').read_bytes()
    generator, path, failed = random.Random(5), tmp_path / 'bad.db3', 0
    for _ in range(400):
        bad = bytearray(content)
        for _ in range(generator.choice([1, 20])):
            bad[generator.randrange(16, len(bad))] = generator.randrange(256)
        size = len(bad) if generator.random() < 0.8 else generator.randrange(16, len(bad))
        path.write_bytes(bad[:size])
        try:
            assert len(read(path)) < 10_000
        except BagError:
            failed += 1
    assert failed > 30


PAGE = 512


def interior(child: int, last: int) -> bytes:
    """Make a page of a table that refers to one other page seventy times."""
    count = 70
    cells = b''.join(struct.pack('>IB', child, 1) for _ in range(count))
    start = PAGE - len(cells)
    head = struct.pack('>BHHHBI', 5, 0, count, start, 0, last)
    places = b''.join(struct.pack('>H', start + 5 * i) for i in range(count))
    return (head + places).ljust(start, b'\0') + cells


def explode(path: Path, table: str) -> None:
    """Let a table have 70 ** 7 rows, all of which are in one page."""
    connection = sqlite3.connect(path)
    (root,) = connection.execute(
        'SELECT rootpage FROM sqlite_master WHERE name = ?', [table]
    ).fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    leaf = bytes(content[(root - 1) * PAGE : root * PAGE])
    first = len(content) // PAGE + 1
    for level in range(7):
        page = interior(first + level, first + level)
        if level:
            content += page
        else:
            content[(root - 1) * PAGE : root * PAGE] = page
    content += leaf
    content[28:32] = struct.pack('>I', len(content) // PAGE)
    path.write_bytes(content)


@pytest.mark.parametrize('table', ['messages', 'topics', 'message_definitions'])
def test_more_rows_than_anybody_can_count(tmp_path: Path, table: str) -> None:
    path = database(tmp_path / 'x.db3', f'PRAGMA page_size = {PAGE}', 'VACUUM')
    first_version(
        path,
        'CREATE TABLE message_definitions(topic_type, encoding, encoded_message_definition)',
        "INSERT INTO message_definitions VALUES('a', 'b', 'c')",
    )
    assert len(read(path)) == 3
    explode(path, table)
    started_s = time.process_time()
    try:
        read(path)
    except BagError as error:
        assert re.search('damaged|more than 65535 topics', str(error))
    else:
        # Only so many definitions are read.
        assert table == 'message_definitions'
    assert time.process_time() - started_s < 20.0


def test_a_recording_that_was_not_closed(tmp_path: Path) -> None:
    path = tmp_path / 'x.db3'
    recorder = sqlite3.connect(path)
    recorder.execute('PRAGMA journal_mode = WAL')
    recorder.execute(f'CREATE TABLE topics({TOPICS})')
    recorder.execute(f'CREATE TABLE messages({MESSAGES})')
    recorder.commit()
    with pytest.raises(BagError, match=r'x\.db3-wal holds messages'):
        SqliteReader(path)
    recorder.close()
    SqliteReader(path).close()
