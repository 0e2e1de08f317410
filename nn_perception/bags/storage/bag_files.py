"""The files of a bag: which they are, whatever their names and formats, and their readers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from nn_perception.bags.storage import mcap_records, sqlite_reader
from nn_perception.bags.storage.connection import StorageReader
from nn_perception.bags.storage.decompression import expand_file, ZSTD_MAGIC
from nn_perception.bags.storage.files import BagError, open_regular
from nn_perception.bags.storage.mcap_reader import McapReader
from nn_perception.bags.storage.ros1_reader import Ros1Reader
from nn_perception.bags.storage.ros1_reader import SUFFIX as ROS1_SUFFIX
from nn_perception.bags.storage.sqlite_reader import SqliteReader
from nn_perception.core.files.scratch import scratch_folder

COMPRESSED_SUFFIX = '.zstd'
MAX_FILES = 100_000
READERS: dict[bytes, Callable[[Path], StorageReader]] = {
    mcap_records.MAGIC: McapReader,
    sqlite_reader.MAGIC: SqliteReader,
}
STORAGES = {mcap_records.MAGIC: 'mcap', sqlite_reader.MAGIC: 'sqlite3'}


class BagFile:
    """
    One file of a bag.

    A bag may have thousands, and the compressed ones are expanded to temporary files, so that
    only some of them stay open.

    :ivar connections: its topics
    :ivar span_ns: times of the first and last message, or None
    :ivar storage: ``mcap`` or ``sqlite3``; empty for a ROS 1 bag

    :param path: of the file
    :param keep: whether it stays open until it is closed
    :raises ImportError: if it is of ROS 1 and the package rosbags is not installed
    :raises BagError: if it is damaged or something else
    :raises OSError: if it cannot be read
    """

    def __init__(self, path: Path, *, keep: bool) -> None:
        self._path = path
        self._kept: StorageReader | None = None
        reader, self.storage = open_file(path)
        self.connections = reader.connections
        self.span_ns = reader.span_ns
        if keep:
            self._kept = reader
        else:
            reader.close()

    def close(self) -> None:
        """Close the file."""
        if self._kept is not None:
            self._kept.close()

    def messages(self, ids: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """
        Read the messages of some connections in the order of the recording.

        :returns: id of the connection, recording time in ns, and the content
        :raises ValueError: if the file is damaged
        :raises OSError: if it cannot be read
        """
        if self._kept is not None:
            yield from self._kept.messages(ids)
            return
        reader, _ = open_file(self._path)
        try:
            yield from reader.messages(ids)
        finally:
            reader.close()


def listed_files(folder: Path, names: Sequence[Any]) -> list[Path]:
    """
    Find the files that the metadata of a bag name.

    rosbag2 sometimes names ``x.db3`` where ``x.db3.zstd`` is meant, and people decompress files
    by hand.

    :raises BagError: if one is missing
    """
    if not names or len(names) > MAX_FILES or not all(isinstance(name, str) for name in names):
        raise BagError('its metadata do not name its files (relative_file_paths)')
    files, missing = [], []
    for text in names:
        # Old versions write the folder too; nothing outside of it is ever read.
        name = PurePath(text).name
        others = name + COMPRESSED_SUFFIX, name.removesuffix(COMPRESSED_SUFFIX)
        found = [folder / each for each in (name, *others) if (folder / each).exists()]
        if found and name not in ('', '..'):
            files.append(found[0])
        else:
            missing.append(name)
    if missing:
        raise BagError(f'it has no file {missing[0]}, which its metadata name')
    if len(set(files)) < len(files):
        raise BagError('its metadata name a file twice')
    return files


def open_file(path: Path) -> tuple[StorageReader, str]:
    """
    Open a file of a bag, which its first bytes tell the format of.

    :returns: its reader, and ``mcap``, ``sqlite3`` or, for ROS 1, nothing
    :raises ImportError: if it is of ROS 1 and the package rosbags is not installed
    :raises BagError: if it is damaged or something else
    :raises OSError: if it cannot be read
    """
    if path.suffix == ROS1_SUFFIX:
        return Ros1Reader(path), ''
    start = _start(path)
    if not start:
        raise BagError(f'{path.name} seems to be empty')
    if not start.startswith(ZSTD_MAGIC):
        return _reader(path, start)
    with scratch_folder() as folder:
        expanded = folder / 'expanded'
        expand_file(path, expanded, tuple(READERS))
        # An open file stays readable without its name, and is gone with the process, however
        # that ends.
        return _reader(expanded, _start(expanded))


def _start(path: Path) -> bytes:
    with open_regular(path) as stream:
        return stream.read(max(map(len, READERS)))


def _reader(path: Path, start: bytes) -> tuple[StorageReader, str]:
    for magic, reader in READERS.items():
        if start.startswith(magic):
            return reader(path), STORAGES[magic]
    raise BagError(f'{path.name} is neither an MCAP nor a sqlite3 file')
