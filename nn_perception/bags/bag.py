"""A recorded bag: its topics, its messages, and its images as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
from dataclasses import dataclass
from pathlib import Path
import sqlite3
import struct
from typing import Any, TYPE_CHECKING

import cv2
from nn_perception.bags.metadata import custom_data, METADATA, read_metadata
from nn_perception.core.frame import Frame
from nn_perception.core.imaging import encodings

if TYPE_CHECKING:
    from rosbags.interfaces import Connection

RAW = 'sensor_msgs/msg/Image'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'
# A bag of ROS 1 is always a single file.
ROS1_SUFFIX = '.bag'
SUFFIXES = ('.mcap', '.db3', ROS1_SUFFIX)

Message = tuple['Connection', int, bytes]
"""Connection, recording time in ns, and the serialized message."""


@dataclass(frozen=True)
class RecordedFrame(Frame):
    """
    An image of a bag with its header's facts; ``source`` is its topic.

    :param stamp: seconds and nanoseconds of the header; zeros if unset
    :param recorded_ns: when it was recorded
    """

    stamp: tuple[int, int] = (0, 0)
    recorded_ns: int = 0

    @property
    def stamp_ns(self) -> int:
        """When it was captured, or recorded if the header does not say."""
        return self.stamp[0] * 1_000_000_000 + self.stamp[1] or self.recorded_ns


class Bag:
    """
    A bag that is open for reading; leaving the context closes it.

    :ivar path: folder of a ROS 2 bag (sqlite3 or MCAP), its single file, or a ROS 1 bag
    :ivar is_ros1: whether it is a ROS 1 bag
    :ivar connections: its topics, with their types
    :ivar metadata: content of its ``metadata.yaml``; empty for a single file
    :ivar custom_data: texts that programs have stored in the metadata
    """

    def __init__(self, path: str | Path) -> None:
        """
        Open a bag.

        :raises ImportError: if the package rosbags is not installed
        :raises OSError: if it cannot be read
        :raises ValueError: if it is not a bag, or is damaged
        """
        try:
            from rosbags.rosbag1 import Reader as Reader1
            from rosbags.rosbag2 import Reader as Reader2
            from rosbags.typesys import get_typestore, Stores
        except ImportError as error:
            raise ImportError('reading bags needs the Python package rosbags') from error

        self.path = Path(path).expanduser()
        _check_path(self.path)
        self.is_ros1 = self.path.suffix == ROS1_SUFFIX
        self._damage = _damage()
        self._convert = encodings.rosbags_image()
        self._reader: Any = None
        # The messages that are decoded are the same in all distributions, so the definitions in
        # the bag, which may be anything, are not needed.
        if self.is_ros1:
            self._deserialize: Any = get_typestore(Stores.ROS1_NOETIC).deserialize_ros1
        else:
            self._deserialize = get_typestore(Stores.LATEST).deserialize_cdr
        with self._explained():
            reader = (Reader1 if self.is_ros1 else Reader2)(self.path)
            reader.open()
        self._reader = reader
        self.connections: list[Connection] = list(reader.connections)
        self.metadata = read_metadata(self.path)
        self.custom_data = custom_data(self.metadata)

    def close(self) -> None:
        """Close its files."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def storage(self) -> str:
        """Its storage format: ``mcap`` or ``sqlite3``."""
        stated = self.metadata.get('storage_identifier')
        return str(stated or ('mcap' if self.path.suffix == '.mcap' else 'sqlite3'))

    @property
    def message_count(self) -> int:
        """Number of messages."""
        return int(self._reader.message_count)

    @property
    def duration_s(self) -> float:
        """Time from the first to the last message, in seconds."""
        # The reader counts to one nanosecond after the last message.
        return float(max(0, self._reader.duration - 1)) * 1e-9

    def count(self, *topics: str) -> int:
        """Return the number of messages on some topics."""
        return sum(c.msgcount for c in self.connections if c.topic in topics)

    @property
    def image_topics(self) -> list[str]:
        """The topics of raw and compressed images."""
        return sorted({c.topic for c in self.connections if c.msgtype in (RAW, COMPRESSED)})

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
        if not images:
            raise ValueError(f'{self.path} contains no images')
        problem = f'has no images on {topic}' if topic else 'has images on several topics'
        raise ValueError(f'the bag {problem}; choose one of: {", ".join(images)}')

    def messages(self, topics: Sequence[str] = ()) -> Iterator[Message]:
        """
        Read messages in the order of the recording.

        :param topics: empty for all
        :raises ValueError: if the bag is damaged
        """
        chosen = [c for c in self.connections if not topics or c.topic in topics]
        with self._explained():
            yield from self._reader.messages(chosen)

    def frame(self, message: Message) -> RecordedFrame:
        """
        Decode an image message.

        :raises ValueError: if it is damaged, or its encoding is unknown
        """
        connection, recorded_ns, content = message
        try:
            msg: Any = self._deserialize(content, connection.msgtype)
        except self._damage as error:
            raise ValueError(f'damaged: {error}') from error
        try:
            if connection.msgtype == RAW:
                image = encodings.to_bgr(msg, self._convert)
            else:
                image = encodings.compressed_to_bgr(msg)
        except cv2.error as error:
            raise ValueError(str(error)) from error
        stamp = msg.header.stamp
        return RecordedFrame(
            image,
            source=connection.topic,
            stamp_s=stamp.sec + stamp.nanosec * 1e-9 or recorded_ns * 1e-9,
            frame_id=msg.header.frame_id,
            stamp=(stamp.sec, stamp.nanosec),
            recorded_ns=recorded_ns,
        )

    def calibration(self, image_topic: str) -> dict[str, Any] | None:
        """
        Read the first CameraInfo beside an image topic; None if the bag has none.

        :returns: as of :func:`nn_perception.core.imaging.camera_calibration.read_calibration`
        :raises ValueError: if the bag is damaged
        """
        beside = image_topic.removesuffix('/compressed').rpartition('/')[0] + '/camera_info'
        kinds = {c.msgtype for c in self.connections if c.topic == beside}
        if kinds != {CAMERA_INFO}:
            return None
        for _, _, content in self.messages([beside]):
            with self._explained():
                msg = self._deserialize(content, CAMERA_INFO)
            # In ROS 1 the names of the matrices are capitals.
            fields = {name.lower(): value for name, value in vars(msg).items()}
            known = {name: fields[name] for name in ('width', 'height', 'distortion_model')}
            matrices = {name: fields[name].tolist() for name in ('d', 'k', 'r', 'p')}
            return {**known, **matrices}
        return None

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the errors of the reader into a sentence."""
        try:
            yield
        except self._damage as error:
            reason = str(error).rstrip('.')
            if not isinstance(error, _own_errors()):
                reason = f'it is damaged ({type(error).__name__}: {reason})'
            raise ValueError(f'{self.path} cannot be read as a bag: {reason}') from error


def _check_path(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f'bag {path} does not exist')
    if path.is_dir() and not (path / METADATA).exists():
        if any(file.suffix in SUFFIXES for file in path.iterdir()):
            raise ValueError(f'{path} has no {METADATA}: run `ros2 bag reindex {path}` first')
        raise ValueError(f'{path} cannot be read as a bag: it has no {METADATA}')
    if path.is_file() and path.suffix not in SUFFIXES:
        raise ValueError(
            f'{path} cannot be read as a bag: it is not a folder and ends in none of '
            f'{", ".join(SUFFIXES)}'
        )


def _own_errors() -> tuple[type[Exception], ...]:
    """Return the errors of rosbags that come with a sentence."""
    from rosbags.rosbag1 import ReaderError as Reader1Error
    from rosbags.rosbag2 import ReaderError as Reader2Error
    from rosbags.serde import SerdeError

    return (Reader1Error, Reader2Error, SerdeError)


def _damage() -> tuple[type[Exception], ...]:
    """Return all errors that rosbags raises for damaged bytes."""
    # Its checks are not complete: the other errors come from the parsers that it uses.
    parsers = (struct.error, ValueError, TypeError, LookupError, ArithmeticError, AssertionError)
    others = (EOFError, RuntimeError, MemoryError, _database_error(), _decompression_error())
    return (*_own_errors(), *parsers, *others)


def _database_error() -> type[Exception]:
    """Return the error for a damaged sqlite3 bag, which depends on the version of rosbags."""
    try:
        from apsw import Error
    except ImportError:
        return sqlite3.Error
    return Error


def _decompression_error() -> type[Exception]:
    """Return the error for damaged compressed chunks; Python has it from 3.14 on."""
    try:
        from backports.zstd import ZstdError
    except ImportError:
        return RuntimeError
    return ZstdError
