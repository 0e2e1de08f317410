"""A copy of a bag with added messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import contextlib
from dataclasses import replace
import os
from pathlib import Path
import sqlite3
from typing import Any

from nn_perception.bags.bag import Bag
from nn_perception.bags.message_definitions import result_types
from nn_perception.bags.metadata import METADATA, number_of
from nn_perception.bags.recorded_types import RecordedTypes
from nn_perception.bags.storage import mcap_writer, sqlite_writer
from nn_perception.bags.storage.connection import CDR, Connection, Definition, Message
from nn_perception.bags.storage.mcap_writer import McapWriter, NEVER_NS
from nn_perception.bags.storage.qos import Qos, qos_in_numbers, qos_in_words
from nn_perception.bags.storage.sqlite_writer import SqliteWriter
from nn_perception.core.files.atomic import sync_folder
import yaml

STORAGES = ('mcap', 'sqlite3')
# From Jazzy on, QoS profiles are written in words, which Humble and Iron cannot read; the newer
# distributions read both forms.
QOS_IN_WORDS = 9
QOS_IN_NUMBERS = 8


class BagCopy:
    """
    A new bag with the messages of another one, and more.

    :param bag: the other one
    :param folder: of the new bag; the file inside gets the same name
    :param storage: ``mcap`` or ``sqlite3``
    :param custom: texts for the metadata, in addition to those of the other bag
    """

    def __init__(self, bag: Bag, folder: Path, storage: str, custom: Mapping[str, str]) -> None:
        self._bag = bag
        self._folder = folder
        self._storage = storage
        self._custom = {**bag.custom_data, **custom}
        stated = number_of(bag.metadata, 'version')
        words = stated is None or stated >= QOS_IN_WORDS
        self._version = QOS_IN_WORDS if words else QOS_IN_NUMBERS
        self._writer: McapWriter | SqliteWriter | None = None
        self._connections: dict[int, Connection] = {}
        self._added: dict[str, Connection] = {}
        self._counts: dict[int, int] = {}
        self._times_ns: list[int] = []

    @contextlib.contextmanager
    def open(self, outputs: Mapping[str, str], qos: Qos) -> Iterator[None]:
        """
        Write until the context is left; after an error the folder is not a bag.

        :param outputs: topics and types of the added messages
        :param qos: QoS profile of these topics
        :raises OSError: if it cannot be written
        """
        self._declare(outputs, qos)
        try:
            self._folder.mkdir(mode=0o755, parents=True)
            self._writer = self._open_writer()
            try:
                yield
                self._finish()
            except BaseException:
                self._writer.abort()
                raise
        except sqlite3.Error as error:
            raise OSError(f'{self._folder} cannot be written: {error}') from error
        for path in self._folder.iterdir():
            _sync(path)
        sync_folder(self._folder)

    def publish(self, output: Path) -> None:
        """
        Give the finished bag its final name.

        :raises OSError: if it cannot be renamed
        """
        os.rename(self._folder, output)
        sync_folder(output.parent)

    def copy(self, message: Message) -> None:
        """Copy a message of the other bag."""
        connection, recorded_ns, content = message
        self._write(connection.id + 1, recorded_ns, content)

    def add(self, topic: str, message: Any, recorded_ns: int) -> None:
        """Write a message on one of the new topics."""
        connection = self._added[topic]
        content = result_types().serialize_cdr(message, connection.msgtype)
        self._write(connection.id, recorded_ns, bytes(content))

    def _write(self, number: int, recorded_ns: int, content: bytes) -> None:
        assert self._writer is not None
        self._writer.write(number, recorded_ns, content)
        self._counts[number] += 1
        first, last = self._times_ns or (recorded_ns, recorded_ns)
        self._times_ns = [min(first, recorded_ns), max(last, recorded_ns)]

    def _declare(self, outputs: Mapping[str, str], qos: Qos) -> None:
        """Number the topics of the other bag from 1 on, then those of the results."""
        types = RecordedTypes()
        kept = [types.described(replace(each, id=each.id + 1)) for each in self._bag.connections]
        known = result_types()
        for number, (topic, kind) in enumerate(outputs.items(), len(kept) + 1):
            text = known.generate_msgdef(kind, ros_version=2)[0]
            definition = Definition('ros2msg', text.encode())
            self._added[topic] = Connection(
                number, topic, kind, CDR, definition, known.hash_rihs01(kind), (qos,)
            )
        self._connections = {each.id: each for each in (*kept, *self._added.values())}
        self._counts = dict.fromkeys(self._connections, 0)

    def _open_writer(self) -> McapWriter | SqliteWriter:
        connections = list(self._connections.values())
        profiles = [self._profiles(each.qos) for each in connections]
        path = self._folder / self._file_name()
        if self._storage == 'mcap':
            return McapWriter(path, connections, profiles)
        return SqliteWriter(path, connections, profiles, self._version)

    def _file_name(self) -> str:
        suffix = mcap_writer.SUFFIX if self._storage == 'mcap' else sqlite_writer.SUFFIX
        return f'{self._folder.name}{suffix}'

    def _finish(self) -> None:
        assert self._writer is not None
        described = self._metadata()
        self._writer.finish(_yaml(described).strip())
        text = _yaml({'rosbag2_bagfile_information': described})
        (self._folder / METADATA).write_text(text, 'utf-8')

    def _profiles(self, qos: Sequence[Qos]) -> str:
        if self._version < QOS_IN_WORDS:
            return qos_in_numbers(qos)
        return _yaml(qos_in_words(qos)).strip()

    def _metadata(self) -> dict[str, Any]:
        """Describe the bag as rosbag2 does."""
        first, last = self._times_ns or (NEVER_NS, NEVER_NS)
        # ROS 2 plays no bag with other topics, but one that has them without naming them.
        playable = [each for each in self._connections.values() if each.encoding == CDR]
        span = {
            'starting_time': {'nanoseconds_since_epoch': first},
            'duration': {'nanoseconds': last - first},
            'message_count': sum(self._counts[each.id] for each in playable),
        }
        words = self._version >= QOS_IN_WORDS
        return {
            'version': self._version,
            'storage_identifier': self._storage,
            'relative_file_paths': [self._file_name()],
            **span,
            'topics_with_message_count': [
                {
                    'topic_metadata': {
                        'name': each.topic,
                        'type': each.msgtype,
                        'serialization_format': each.encoding,
                        'offered_qos_profiles': (qos_in_words if words else qos_in_numbers)(
                            each.qos
                        ),
                        'type_description_hash': each.digest,
                    },
                    'message_count': self._counts[each.id],
                }
                for each in playable
            ],
            'compression_format': '',
            'compression_mode': '',
            'files': [{'path': self._file_name(), **span}],
            'custom_data': self._custom or None,
            'ros_distro': str(self._bag.metadata.get('ros_distro') or 'unknown'),
        }


def _yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=False, allow_unicode=True))


def _sync(path: Path) -> None:
    with open(path, 'rb') as stream:
        os.fsync(stream.fileno())
