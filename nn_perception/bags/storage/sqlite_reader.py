"""Read sqlite3 files in the order of the recording."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
import sqlite3
import sys
from typing import Any

from nn_perception.bags.storage.connection import CDR, Connection, Definition
from nn_perception.bags.storage.decompression import MAX_MESSAGE
from nn_perception.bags.storage.files import BagError, check_regular
from nn_perception.bags.storage.qos import read_qos

MAGIC = b'SQLite format 3\x00'
# Of the texts about topics; the definitions of the largest types have some 100,000 characters.
MAX_TEXT = 16_000_000
MAX_TOPICS = 65_535
STORED = 0
# Of the virtual machine of sqlite; a row takes at least ten bytes and at most 100 steps.
STEPS = 10_000
STEPS_PER_BYTE = 20
MIN_STEPS = 5_000_000
MAX_DISK_RATIO = 64
REQUIRED = {
    'topics': {'id', 'name', 'type', 'serialization_format'},
    'messages': {'id', 'topic_id', 'timestamp', 'data'},
}


class SqliteReader:
    """
    A sqlite3 file that is open for reading.

    :ivar connections: its topics
    :ivar span_ns: times of the first and last message, or None
    :raises BagError: if it is damaged
    :raises OSError: if it cannot be read
    """

    def __init__(self, path: Path) -> None:
        check_regular(path)
        _check_log(path)
        # In a URI, characters such as # have a meaning, so they are escaped.
        self._database = sqlite3.connect(
            f'{path.absolute().as_uri()}?immutable=1', uri=True, check_same_thread=False
        )
        # Definitions are copied as they are, whatever that is.
        self._database.text_factory = lambda text: text.decode('utf-8', 'surrogateescape')
        try:
            self._limit(MAX_TEXT)
            self._limit_steps(path)
            # Definitions in the file must not run functions with effects.
            self._rows('PRAGMA trusted_schema = OFF')
            self._columns = {name: self._columns_of(name) for name in REQUIRED}
            self.connections = self._connections()
            self.span_ns = self._count()
            self._limit(MAX_MESSAGE + 1_000_000)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            self._database.close()
            raise BagError(f'it is damaged ({error})') from error
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def messages(self, ids: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """
        Read the messages of some topics in the order of the recording.

        :raises BagError: if the file is damaged
        """
        # Sorting rows with their content could take any amount of memory.
        query = 'SELECT id, topic_id, timestamp, length(data) FROM messages ORDER BY timestamp, id'
        self._steps = 0
        try:
            for row, topic, time_ns, size in self._database.execute(query):
                if topic not in ids:
                    continue
                if isinstance(size, int) and size > MAX_MESSAGE:
                    raise BagError(f'a message of {size // 1_000_000} MB is too large')
                found = self._database.execute('SELECT data FROM messages WHERE id = ?', [row])
                content = found.fetchone()
                if not isinstance(time_ns, int) or not content or type(content[0]) is not bytes:
                    raise BagError(f'it is damaged (row {row!r} is not a message)')
                yield topic, time_ns, content[0]
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise BagError(f'it is damaged ({error})') from error

    def _limit(self, size: int) -> None:
        """Set the size of the largest text or content, where Python can."""
        if sys.version_info >= (3, 11):
            self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, size)

    def _limit_steps(self, path: Path) -> None:
        """
        End a query that takes more steps than a file of this size can need.

        In a file that was made for it, pages refer to each other such that it has more rows than
        anybody can count.
        """
        facts = path.stat()
        # A file with a hole takes less on the disk, as does one on a disk that compresses.
        size = min(facts.st_size, MAX_DISK_RATIO * 512 * facts.st_blocks)
        self._max_steps = MIN_STEPS + STEPS_PER_BYTE * size
        self._steps = 0
        self._database.set_progress_handler(self._count_steps, STEPS)

    def _count_steps(self) -> bool:
        self._steps += STEPS
        return self._steps > self._max_steps

    def _rows(self, query: str, *values: Any) -> list[Any]:
        return self._database.execute(query, values).fetchall()

    def _columns_of(self, table: str) -> set[str]:
        """Name the columns of a table; what computes its content is no table of a recording."""
        made = self._rows(
            'SELECT sql FROM sqlite_master WHERE type = ? AND name = ?', 'table', table
        )
        if not made:
            raise BagError(f'it has no table {table}')
        columns = self._rows(f'PRAGMA table_xinfo({table})')
        names = {row[1] for row in columns}
        is_virtual = not str(made[0][0]).upper().startswith('CREATE TABLE')
        if is_virtual or any(row[6] != STORED for row in columns):
            raise BagError(f'its table {table} is not that of a recording')
        if not names >= REQUIRED.get(table, set()):
            missing = ', '.join(sorted(REQUIRED[table] - names))
            raise BagError(f'its table {table} has no column {missing}')
        return names

    def _connections(self) -> list[Connection]:
        definitions = self._definitions()
        columns = ['id', 'name', 'type', 'serialization_format']
        optional = ('offered_qos_profiles', 'type_description_hash')
        columns += [name if name in self._columns['topics'] else "''" for name in optional]
        found = []
        query = f'SELECT {", ".join(columns)} FROM topics ORDER BY id'
        for number, *texts in self._database.execute(query):
            topic, kind, encoding, profiles, digest = map(_text, texts)
            if any('\udc80' <= letter <= '\udcff' for letter in topic + kind + encoding + digest):
                raise BagError(f'it is damaged (the name of topic {number} is not UTF-8)')
            definition = definitions.get(kind, Definition())
            qos = read_qos(profiles)
            found.append(Connection(number, topic, kind, encoding or CDR, definition, digest, qos))
            if len(found) > MAX_TOPICS:
                raise BagError(f'it has more than {MAX_TOPICS} topics')
        return found

    def _definitions(self) -> dict[str, Definition]:
        """Read the definitions of types; files of Humble and older have none."""
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'message_definitions'"):
            return {}
        self._columns_of('message_definitions')
        query = 'SELECT topic_type, encoding, encoded_message_definition FROM message_definitions'
        found: dict[str, Definition] = {}
        for kind, encoding, text in self._database.execute(f'{query} LIMIT {MAX_TOPICS}'):
            content = (
                text if isinstance(text, bytes) else _text(text).encode('utf-8', 'surrogateescape')
            )
            # rosbag2 writes "unknown" for a type that is not installed.
            known = _text(encoding) if content else ''
            if known.isascii():
                found.setdefault(_text(kind), Definition(known, content))
        return found

    def _count(self) -> tuple[int, int] | None:
        """Count the messages of all topics; return the first and last time."""
        counts, times = {}, []
        query = (
            'SELECT topic_id, count(*), min(timestamp), max(timestamp) FROM messages GROUP BY 1'
        )
        for topic, count, *span in self._database.execute(query):
            counts[topic] = count
            times += [time_ns for time_ns in span if isinstance(time_ns, int)]
        self.connections = [
            replace(each, msgcount=counts.get(each.id, 0)) for each in self.connections
        ]
        return (min(times), max(times)) if times else None


def _check_log(path: Path) -> None:
    """Reject a file without its last messages, which are still in another one."""
    log = path.with_name(f'{path.name}-wal')
    if log.is_file() and log.stat().st_size:
        raise BagError(
            f'{log.name} holds messages that are not in {path.name} yet, since the recording is '
            'running or was not closed properly; `ros2 bag reindex` on the folder repairs it'
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ''
