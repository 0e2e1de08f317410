"""Write sqlite3 files as rosbag2 does."""

from __future__ import annotations

from pathlib import Path
import sqlite3

from nn_perception.bags.storage.connection import Connection

SUFFIX = '.db3'
TABLES = """
CREATE TABLE schema(
  schema_version INTEGER PRIMARY KEY,
  ros_distro TEXT NOT NULL
);
CREATE TABLE metadata(
  id INTEGER PRIMARY KEY,
  metadata_version INTEGER NOT NULL,
  metadata TEXT NOT NULL
);
CREATE TABLE topics(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  serialization_format TEXT NOT NULL,
  offered_qos_profiles TEXT NOT NULL,
  type_description_hash TEXT NOT NULL
);
CREATE TABLE message_definitions(
  id INTEGER PRIMARY KEY,
  topic_type TEXT NOT NULL,
  encoding TEXT NOT NULL,
  encoded_message_definition TEXT NOT NULL,
  type_description_hash TEXT NOT NULL
);
CREATE TABLE messages(
  id INTEGER PRIMARY KEY,
  topic_id INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  data BLOB NOT NULL
);
CREATE INDEX timestamp_idx ON messages (timestamp ASC);
INSERT INTO schema(schema_version, ros_distro) VALUES (4, 'nn_perception');
"""


class SqliteWriter:
    """
    A new sqlite3 file.

    :param path: of the file, which must not exist
    :param connections: its topics
    :param profiles: the QoS profiles of each topic as text
    :param version: of the description of the bag
    :raises sqlite3.Error: if it cannot be written
    """

    def __init__(
        self, path: Path, connections: list[Connection], profiles: list[str], version: int
    ) -> None:
        self._version = version
        self._database = sqlite3.connect(path)
        try:
            self._database.executescript(TABLES)
            self._database.executemany(
                'INSERT INTO topics VALUES(?, ?, ?, ?, ?, ?)',
                [
                    (each.id, each.topic, each.msgtype, each.encoding, text, each.digest)
                    for each, text in zip(connections, profiles, strict=True)
                ],
            )
            known = {
                (each.msgtype, each.definition.encoding or 'ros2msg', each.definition.content):
                each.digest for each in connections
            }  # fmt: skip
            self._database.executemany(
                'INSERT INTO message_definitions (topic_type, encoding, '
                'encoded_message_definition, type_description_hash) VALUES(?, ?, ?, ?)',
                [(*key[:2], _text(key[2]), digest) for key, digest in known.items()],
            )
        except BaseException:
            self.abort()
            raise

    def write(self, number: int, recorded_ns: int, content: bytes) -> None:
        """
        Write a message.

        :param number: id of the connection
        :raises sqlite3.Error: if it cannot be written
        """
        self._database.execute(
            'INSERT INTO messages (topic_id, timestamp, data) VALUES(?, ?, ?)',
            (number, recorded_ns, content),
        )

    def finish(self, metadata: str) -> None:
        """
        Write the description of the bag and close the file.

        :param metadata: as in ``metadata.yaml``
        :raises sqlite3.Error: if it cannot be written
        """
        self._database.execute(
            'INSERT INTO metadata(metadata_version, metadata) VALUES(?, ?)',
            (self._version, metadata),
        )
        self._database.commit()
        self._database.close()

    def abort(self) -> None:
        """Close the file, which is not complete."""
        self._database.close()


def _text(content: bytes) -> str | bytes:
    """Return a definition as text; those of other encodings may be no text."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content
