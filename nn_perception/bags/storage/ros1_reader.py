"""Read bags of ROS 1 with rosbags, within the limits of the other readers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

from nn_perception.bags.storage.connection import Connection, Definition, ROS1
from nn_perception.bags.storage.decompression import expand
from nn_perception.bags.storage.files import check_regular, open_regular

SUFFIX = '.bag'
MAGIC = b'#ROSBAG V'


def is_ros1_bag(path: Path) -> bool:
    """
    Tell whether a file is a bag of ROS 1, without opening it as one.

    :raises OSError: if it cannot be read
    """
    if path.suffix != SUFFIX or not path.is_file():
        return False
    with open_regular(path) as stream:
        return stream.read(len(MAGIC)) == MAGIC


class Ros1Reader:
    """
    A bag of ROS 1 that is open for reading.

    :ivar connections: its topics
    :ivar span_ns: times of the first and last message, or None
    :raises ImportError: if the package rosbags is not installed
    :raises OSError: if it cannot be read
    """

    def __init__(self, path: Path) -> None:
        from rosbags import rosbag1

        check_regular(path)
        self._reader = rosbag1.Reader(path)
        self._reader.open()
        for at, chunk in self._reader.chunks.items():
            name = next(
                n for n, f in rosbag1.reader.decompressors.items() if f == chunk.decompressor
            )
            bounded = partial(expand, compression='' if name == 'none' else name)
            self._reader.chunks[at] = chunk._replace(decompressor=bounded)
        self.connections = [
            Connection(
                each.id,
                each.topic,
                each.msgtype,
                ROS1,
                Definition('ros1msg', each.msgdef.data.encode()),
                each.digest,
                msgcount=each.msgcount,
            )
            for each in self._reader.connections
        ]
        # The reader counts to one nanosecond after the last message.
        span_ns = (self._reader.start_time, self._reader.end_time - 1)
        self.span_ns = span_ns if any(each.msgcount for each in self.connections) else None

    def close(self) -> None:
        """Close the file."""
        self._reader.close()

    def messages(self, ids: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """Read the messages of some topics in the order of the recording."""
        chosen = [each for each in self._reader.connections if each.id in ids]
        # To rosbags, no connection means all of them.
        for connection, time_ns, content in self._reader.messages(chosen) if chosen else ():
            yield connection.id, time_ns, content
