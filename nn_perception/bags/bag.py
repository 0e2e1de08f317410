"""A recorded bag: its topics, its messages, and its images as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
from dataclasses import replace
from pathlib import Path
import stat
from typing import Any

from nn_perception.bags.metadata import (
    custom_data,
    entries_of,
    METADATA,
    number_of,
    read_metadata,
)
from nn_perception.bags.recorded_images import (
    COMPRESSED,
    damage,
    ImageDecoder,
    own_errors,
    RAW,
    RecordedFrame,
)
from nn_perception.bags.storage.bag_files import BagFile, COMPRESSED_SUFFIX, listed_files
from nn_perception.bags.storage.connection import CDR, Connection, ConnectionTable, Message
from nn_perception.bags.storage.decompression import expand, ZSTD_MAGIC
from nn_perception.bags.storage.files import BagError
from nn_perception.bags.storage.qos import read_qos
from nn_perception.bags.storage.ros1_reader import SUFFIX as ROS1_SUFFIX
from nn_perception.core.quoting import listed, printable, quoted, shortened, shown

SUFFIXES = ('.mcap', '.db3', ROS1_SUFFIX)
# Of the files of a bag, so that others can be opened.
MAX_OPEN = 32
MAX_REASON = 300


class Bag:
    """
    A bag that is open for reading; leaving the context closes it.

    :ivar path: folder of a ROS 2 bag (sqlite3 or MCAP), its single file, or a ROS 1 bag
    :ivar is_ros1: whether it is a ROS 1 bag
    :ivar connections: its topics, with their types
    :ivar metadata: content of its ``metadata.yaml``, as texts; empty for a single file
    :ivar custom_data: texts that programs have stored in the metadata
    :ivar storage: its storage format: ``mcap`` or ``sqlite3``; empty for a ROS 1 bag
    """

    def __init__(self, path: str | Path) -> None:
        """
        Open a bag.

        :raises ImportError: if the package rosbags is not installed
        :raises OSError: if it cannot be read
        :raises ValueError: if it is not a bag, or is damaged
        """
        self._decoder = ImageDecoder()
        self.path = Path(path).expanduser()
        _check_path(self.path)
        self.is_ros1 = self.path.suffix == ROS1_SUFFIX
        self._damage = damage()
        self._table = ConnectionTable()
        self.connections = self._table.connections
        self.storage = ''
        self._files: list[tuple[BagFile, dict[int, int]]] = []
        try:
            with self._explained():
                self.metadata = read_metadata(self.path)
                self.custom_data = custom_data(self.metadata)
                self._compression = self._message_compression()
                self._open_files()
                self._add_described()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close its files."""
        for file, _ in self._files:
            file.close()

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def message_count(self) -> int:
        """Number of messages."""
        return sum(each.msgcount for each in self.connections)

    @property
    def stated_count(self) -> int:
        """Number of messages that ``metadata.yaml`` states, or else the files."""
        stated = number_of(self.metadata, 'message_count')
        return self.message_count if stated is None else stated

    @property
    def duration_s(self) -> float:
        """Time from the first to the last message, in seconds."""
        spans = [file.span_ns for file, _ in self._files if file.span_ns]
        return (max(s[1] for s in spans) - min(s[0] for s in spans)) * 1e-9 if spans else 0.0

    def is_image(self, connection: Connection) -> bool:
        """Tell whether the messages of a connection are images that can be decoded."""
        return self._decoder.is_image(connection)

    def count(self, *topics: str) -> int:
        """Return the number of images on some topics."""
        return sum(c.msgcount for c in self.connections if c.topic in topics and self.is_image(c))

    @property
    def image_topics(self) -> list[str]:
        """The topics of raw and compressed images."""
        return sorted({c.topic for c in self.connections if self.is_image(c)})

    def choose_topic(self, topic: str = '') -> str:
        """
        Choose a topic with images.

        :param topic: may be empty if the bag has only one
        :raises ValueError: if the bag has no images on it, or several topics and none is given
        """
        images = self.image_topics
        if topic in images:
            return topic
        if len(images) == 1 and not topic:
            return images[0]
        others = self._other_images(topic)
        if not images:
            raise ValueError(f'{self.path} contains no images{others}')
        problem = (
            f'has no images on {shown(topic)}{others}' if topic else 'has images on several topics'
        )
        names = listed([shown(image) for image in images])
        raise ValueError(f'the bag {problem}; choose one of: {names}')

    def messages(self, topics: Sequence[str] = ()) -> Iterator[Message]:
        """
        Read messages in the order of the recording.

        :param topics: empty for all
        :raises ValueError: if the bag is damaged
        """
        return self._messages({c.id for c in self.connections if not topics or c.topic in topics})

    def images(self, topics: Sequence[str]) -> Iterator[Message]:
        """
        Read the images on some topics in the order of the recording.

        :raises ValueError: if the bag is damaged
        """
        return self._messages(
            {c.id for c in self.connections if c.topic in topics and self.is_image(c)}
        )

    def frame(self, message: Message) -> RecordedFrame:
        """
        Decode an image message.

        :raises ValueError: if it is damaged, or its encoding is unknown
        """
        return self._decoder.frame(message)

    def calibration(self, image_topic: str) -> dict[str, Any] | None:
        """
        Read the first CameraInfo beside an image topic; None if the bag has none.

        :returns: as of :func:`nn_perception.core.imaging.camera_calibration.read_calibration`
        :raises ValueError: if the bag is damaged
        """
        beside = image_topic.removesuffix('/compressed').rpartition('/')[0] + '/camera_info'
        chosen = {
            c.id for c in self.connections if c.topic == beside and self._decoder.is_calibration(c)
        }
        for message in self._messages(chosen):
            with self._explained():
                return self._decoder.calibration(message)
        return None

    def _messages(self, ids: set[int]) -> Iterator[Message]:
        for file, places in self._files:
            chosen = {
                own: self.connections[place] for own, place in places.items() if place in ids
            }
            if not chosen:
                continue
            with self._explained():
                for own, recorded_ns, content in file.messages(chosen.keys()):
                    yield chosen[own], recorded_ns, expand(content, self._compression_of(content))

    def _compression_of(self, content: bytes) -> str:
        """Return how a message is compressed; a file does not say it without its metadata."""
        if self._compression or self.metadata:
            return self._compression
        # No message of ROS 2 starts like this.
        return 'zstd' if content.startswith(ZSTD_MAGIC) else ''

    # Opening.

    def _message_compression(self) -> str:
        """Return how each single message is compressed; empty if none is."""
        mode = str(self.metadata.get('compression_mode') or 'none').lower()
        compression = str(self.metadata.get('compression_format') or 'zstd').lower()
        if mode not in ('none', 'file', 'message', 'storage'):
            raise BagError(f'its compression_mode {quoted(mode)} is unknown')
        if mode in ('file', 'message') and compression != 'zstd':
            raise BagError(f'its compression {quoted(compression)} is not supported')
        return compression if mode == 'message' else ''

    def _open_files(self) -> None:
        """Open the files; their connections of the same kind become one."""
        paths = [self.path]
        if self.path.is_dir():
            paths = listed_files(self.path, entries_of(self.metadata, 'relative_file_paths'))
        for path in paths:
            keep = len(paths) == 1 or (len(paths) <= MAX_OPEN and path.suffix != COMPRESSED_SUFFIX)
            file = BagFile(path, keep=keep)
            places = {each.id: self._table.add(each) for each in file.connections}
            self._files.append((file, places))
            self.storage = self.storage or file.storage

    def _add_described(self) -> None:
        """Add what ``metadata.yaml`` says about topics and the files do not."""
        for entry in entries_of(self.metadata, 'topics_with_message_count'):
            described = entry.get('topic_metadata') if isinstance(entry, dict) else None
            if not isinstance(described, dict):
                continue
            names = 'name', 'type', 'serialization_format', 'type_description_hash'
            topic, kind, encoding, digest = (str(described.get(name) or '') for name in names)
            is_known = self._table.find(topic, kind, encoding or CDR) is not None
            is_empty = bool(topic and kind) and number_of(entry, 'message_count') == 0
            if not is_known and not is_empty:
                # People edit the file; the messages are where they are.
                continue
            at = self._table.add(Connection(0, topic, kind, encoding or CDR, digest=digest))
            # rosbag2 plays with the profiles of metadata.yaml.
            qos = read_qos(described.get('offered_qos_profiles')) or self.connections[at].qos
            self.connections[at] = replace(self.connections[at], qos=qos)

    def _other_images(self, topic: str) -> str:
        """Name the topics with pictures of other types or encodings, for error messages."""
        found = [
            f'{shown(c.topic)} has {shown(c.msgtype)} ({shown(c.encoding)})'
            for c in self.connections
            if (not topic or c.topic == topic) and self._decoder.is_other_image(c)
        ]
        if not found:
            return ''
        return f' of type {RAW} or {COMPRESSED}: {listed(found, "; ")}, which cannot be decoded'

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the errors of the readers into a sentence."""
        try:
            yield
        except self._damage as error:
            # Errors of parsers quote the file.
            reason = shortened(printable(str(error)), MAX_REASON).rstrip('.')
            if not isinstance(error, own_errors()):
                reason = f'it is damaged ({type(error).__name__}: {reason})'
            raise ValueError(f'{self.path} cannot be read as a bag: {reason}') from error


def _check_path(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f'bag {path} does not exist')
    if path.is_dir():
        if (path / METADATA).exists():
            return
        if any(file.suffix in SUFFIXES for file in path.iterdir()):
            raise ValueError(f'{path} has no {METADATA}: run `ros2 bag reindex {path}` first')
        raise ValueError(f'{path} cannot be read as a bag: it has no {METADATA}')
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(f'{path} cannot be read as a bag: it is not a regular file')
    if Path(path.name.removesuffix(COMPRESSED_SUFFIX)).suffix not in SUFFIXES:
        raise ValueError(
            f'{path} cannot be read as a bag: it is not a folder and ends in none of '
            f'{", ".join(SUFFIXES)}'
        )
