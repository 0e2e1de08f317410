"""Bags of ROS 1, within the same limits."""

from __future__ import annotations

from pathlib import Path

from nn_perception.bags.bag import Bag
from nn_perception.bags.storage.files import BagError
from nn_perception.bags.storage.ros1_reader import is_ros1_bag, Ros1Reader
import pytest
from rosbags.rosbag1 import Writer
from rosbags.typesys import get_typestore, Stores

TYPES = get_typestore(Stores.ROS1_NOETIC)
STRING = 'std_msgs/msg/String'


def write(path: Path, texts: list[str], compression: str = '') -> Path:
    new = Writer(path)
    if compression:
        new.set_compression(Writer.CompressionFormat[compression])
    with new as writer:
        connection = writer.add_connection('/words', STRING, typestore=TYPES)
        for time_ns, text in enumerate(texts):
            message = TYPES.types[STRING](text)
            writer.write(connection, time_ns, TYPES.serialize_ros1(message, STRING))
    return path


@pytest.mark.parametrize('compression', ['', 'BZ2', 'LZ4'])
def test_messages(tmp_path: Path, compression: str) -> None:
    path = write(tmp_path / 'x.bag', ['a', 'b' * 9], compression)
    assert is_ros1_bag(path)
    reader = Ros1Reader(path)
    (words,) = reader.connections
    assert (words.topic, words.encoding, words.msgcount, reader.span_ns) == (
        '/words', 'ros1', 2, (0, 1)
    )  # fmt: skip
    assert [content[4:] for _, _, content in reader.messages({words.id})] == [b'a', b'b' * 9]
    assert list(reader.messages(())) == []
    reader.close()


def test_a_chunk_that_is_a_bomb(tmp_path: Path) -> None:
    path = write(tmp_path / 'x.bag', ['a', 'x' * 140_000_000], 'LZ4')
    assert path.stat().st_size < 1_000_000
    reader = Ros1Reader(path)
    with pytest.raises(BagError, match='expand to more than'):
        list(reader.messages({each.id for each in reader.connections}))
    reader.close()
    with Bag(path) as bag, pytest.raises(ValueError, match='cannot be read as a bag'):
        list(bag.messages())


def test_what_is_none(tmp_path: Path) -> None:
    path = tmp_path / 'x.bag'
    path.write_bytes(b'hello')
    assert not is_ros1_bag(path)
    assert not is_ros1_bag(tmp_path)
    assert not is_ros1_bag(tmp_path / 'none.bag')
    with pytest.raises(ValueError, match='cannot be read as a bag'):
        Bag(path)
