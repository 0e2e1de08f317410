"""A copy of a bag with added messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import contextlib
import os
from pathlib import Path
import sqlite3
from typing import Any, Literal, TYPE_CHECKING

from nn_perception.bags.bag import Bag, Message
from nn_perception.bags.message_definitions import result_types
from nn_perception.core.files.atomic import sync_folder

if TYPE_CHECKING:
    from rosbags.interfaces import Connection, Qos

STORAGES = ('mcap', 'sqlite3')
# From Jazzy on, QoS profiles are written in words, which Humble and Iron cannot read; the newer
# distributions read both forms.
QOS_IN_WORDS: Literal[9] = 9
QOS_IN_NUMBERS: Literal[8] = 8


class NoHash(str):
    """The hash of an unknown type: empty, but true, since rosbags demands a hash."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True


class BagCopy:
    """
    A new bag with the messages of another one, and more.

    :param bag: the other one
    :param folder: of the new bag; the file inside gets the same name
    :param storage: ``mcap`` or ``sqlite3``
    :param custom: texts for the metadata, in addition to those of the other bag
    :raises ValueError: if rosbags would write somewhere else
    """

    def __init__(self, bag: Bag, folder: Path, storage: str, custom: Mapping[str, str]) -> None:
        from rosbags.rosbag2 import StoragePlugin, Writer

        if storage == 'sqlite3' and set(str(folder)) & set('?#%'):
            # rosbags turns the path into a URI, in which these characters have a meaning.
            raise ValueError(f'a sqlite3 bag cannot be written to a path with ?, # or %: {folder}')
        words = int(bag.metadata.get('version', QOS_IN_WORDS)) >= QOS_IN_WORDS
        self._writer = Writer(
            folder,
            version=QOS_IN_WORDS if words else QOS_IN_NUMBERS,
            storage_plugin=StoragePlugin[storage.upper()],
        )
        for key, value in {**bag.custom_data, **custom}.items():
            self._writer.set_custom_data(key, value)
        self._bag = bag
        self._copies: dict[int, Connection] = {}
        self._added: dict[str, Connection] = {}

    @contextlib.contextmanager
    def open(self, outputs: Mapping[str, str], qos: Qos) -> Iterator[None]:
        """
        Write until the context is left; after an error the folder is not a bag.

        :param outputs: topics and types of the added messages
        :param qos: QoS profile of these topics
        :raises OSError: if it cannot be written
        """
        try:
            with self._writer:
                for connection in self._bag.connections:
                    self._copies[connection.id] = self._copy_of(connection)
                for topic, kind in outputs.items():
                    self._added[topic] = self._writer.add_connection(
                        topic, kind, typestore=result_types(), offered_qos_profiles=[qos]
                    )
                yield
        except sqlite3.Error as error:
            raise OSError(f'{self._writer.path} cannot be written: {error}') from error
        for path in self._writer.path.iterdir():
            _sync(path)
        sync_folder(self._writer.path)

    def publish(self, output: Path) -> None:
        """
        Give the finished bag its final name.

        :raises OSError: if it cannot be renamed
        """
        os.rename(self._writer.path, output)
        sync_folder(output.parent)

    def copy(self, message: Message) -> None:
        """Copy a message of the other bag."""
        connection, recorded_ns, content = message
        self._writer.write(self._copies[connection.id], recorded_ns, content)

    def add(self, topic: str, message: Any, recorded_ns: int) -> None:
        """Write a message on one of the new topics."""
        connection = self._added[topic]
        content = result_types().serialize_cdr(message, connection.msgtype)
        self._writer.write(connection, recorded_ns, content)

    def _copy_of(self, connection: Connection) -> Connection:
        """Declare a topic of the other bag, exactly as it is there."""
        definition, digest = _definition(connection)
        ext: Any = connection.ext
        copy = self._writer.add_connection(
            connection.topic,
            connection.msgtype,
            msgdef=definition,
            rihs01=digest or NoHash(),
            serialization_format=ext.serialization_format,
            offered_qos_profiles=ext.offered_qos_profiles,
        )
        if not digest:
            self._writer.connections[-1] = copy = copy._replace(digest='')
        return copy


def _definition(connection: Connection) -> tuple[str, str]:
    """
    Find the definition of a type, and its hash; each is empty if unknown.

    Bags of Humble and older contain definitions only with MCAP, and never hashes; for them the
    types of Humble are used.
    """
    from rosbags.interfaces import MessageDefinitionFormat
    from rosbags.typesys import get_types_from_msg, get_typestore, Stores, TypesysError

    text, kind, known = connection.msgdef.data, connection.msgtype, result_types()
    if connection.msgdef.format == MessageDefinitionFormat.NONE:
        if kind not in known.fielddefs:
            return '', connection.digest
        text = known.generate_msgdef(kind, ros_version=2)[0]
        return text, connection.digest or known.hash_rihs01(kind)
    if connection.digest or connection.msgdef.format == MessageDefinitionFormat.IDL:
        return text, connection.digest
    store = get_typestore(Stores.EMPTY)
    try:
        store.register(get_types_from_msg(text, kind))
        return text, store.hash_rihs01(kind)
    except (TypesysError, KeyError):
        return text, ''


def _sync(path: Path) -> None:
    with open(path, 'rb') as stream:
        os.fsync(stream.fileno())
