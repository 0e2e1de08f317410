"""A copy contains everything that the bag contains, for other readers than rosbags too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import shutil
import sqlite3
from typing import Any

from mcap.reader import make_reader
from mcap.writer import Writer as McapWriter
from nn_perception.bags.bag import Bag
from nn_perception.bags.bag_check import check_count, check_topics
from nn_perception.bags.bag_copy import BagCopy
from nn_perception.bags.message_definitions import result_messages
from nn_perception.bags.topics import result_qos
from nn_perception.capabilities.messages import STRING
import pytest
from rosbags.highlevel import AnyReader
from rosbags.typesys import get_typestore, Stores
import yaml

SECOND = 1_000_000_000
Row = tuple[str, str, str, int, bytes]


def read_sqlite3(path: Path) -> Iterator[Row]:
    with sqlite3.connect(path) as connection:
        yield from connection.execute(
            'SELECT name, type, serialization_format, timestamp, data FROM messages '
            'JOIN topics ON topics.id = topic_id ORDER BY timestamp, messages.id'
        )


def read_mcap(path: Path) -> Iterator[Row]:
    with path.open('rb') as stream:
        for schema, channel, message in make_reader(stream).iter_messages():
            kind = (channel.topic, schema.name, channel.message_encoding)
            yield (*kind, message.log_time, message.data)


def rows(folder: Path) -> list[Row]:
    (path,) = (path for path in folder.iterdir() if path.suffix in ('.db3', '.mcap'))
    return list((read_mcap if path.suffix == '.mcap' else read_sqlite3)(path))


def topics(folder: Path) -> dict[str, Any]:
    content = yaml.safe_load((folder / 'metadata.yaml').read_text())
    entries = content['rosbag2_bagfile_information']['topics_with_message_count']
    return {entry['topic_metadata']['name']: entry for entry in entries}


def copy(given: Path, folder: Path, storage: str, custom: dict[str, str] | None = None) -> Path:
    """Copy a bag and add a text after each image."""
    with Bag(given) as bag:
        target = BagCopy(bag, folder, storage, custom or {})
        with target.open({'/words': STRING}, result_qos()):
            for message in bag.messages():
                target.copy(message)
                if message[0].topic == '/image':
                    target.add('/words', result_messages().text(['word']), message[1])
    return folder


@pytest.fixture
def messages(recording: Any, picture: Callable[..., Any]) -> list[tuple[str, int, Any]]:
    return [
        ('/image', 1 * SECOND, recording.raw(5, picture())),
        ('/wheel', 1 * SECOND, recording.wheel(1.5)),
        ('/info', 2 * SECOND, recording.camera_info(5, 8, 6, 40.0)),
        ('/image', 3 * SECOND, recording.raw(6, picture(1))),
    ]


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
@pytest.mark.parametrize('source', ['mcap', 'sqlite3'])
@pytest.mark.parametrize('version', [8, 9])
def test_a_copy_is_complete(
    tmp_path: Path, recording: Any, messages: Any, source: str, storage: str, version: int
) -> None:
    given = recording.write(
        tmp_path / 'given', messages, storage=source, version=version,
        empty=[('/none', recording.own)], qos=[recording.latched],
    )  # fmt: skip
    made = copy(given, tmp_path / 'made', storage, {'key': 'value'})
    found, before = rows(made), rows(given)
    added = [row for row in found if row[0] == '/words']
    assert [row for row in found if row[0] != '/words'] == before
    assert [row[1:4] for row in added] == [
        (STRING, 'cdr', 1 * SECOND),
        (STRING, 'cdr', 3 * SECOND),
    ]
    # After its image.
    assert found.index(added[0]) > [row[0] for row in found].index('/image')
    content = yaml.safe_load((made / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert content['version'] == version
    assert content['storage_identifier'] == storage
    assert content['relative_file_paths'] == ['made.mcap' if storage == 'mcap' else 'made.db3']
    assert content['custom_data'] == {'key': 'value'}
    # Types, hashes, quality of service and counts of all topics, also of those without messages.
    kept = {name: entry for name, entry in topics(made).items() if name != '/words'}
    assert kept == topics(given)
    with AnyReader([given]) as one, AnyReader([made]) as other:
        for connection in one.connections:
            (same,) = (c for c in other.connections if c.topic == connection.topic)
            assert same.ext == connection.ext
            assert same.msgdef == connection.msgdef
        assert recording.own in other.typestore.types


def as_humble_records(path: Path) -> None:
    """Remove from a sqlite3 bag what Humble does not write: definitions and hashes."""
    with sqlite3.connect(path / f'{path.name}.db3') as connection:
        for table in ('schema', 'metadata', 'message_definitions'):
            connection.execute(f'DROP TABLE {table}')
        connection.execute('ALTER TABLE topics DROP COLUMN type_description_hash')
    connection.close()
    content = yaml.safe_load((path / 'metadata.yaml').read_text())
    described = content['rosbag2_bagfile_information']
    described['version'] = 5
    for name in ('custom_data', 'ros_distro'):
        del described[name]
    for topic in described['topics_with_message_count']:
        del topic['topic_metadata']['type_description_hash']
    (path / 'metadata.yaml').write_text(yaml.safe_dump(content))


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_a_bag_without_message_definitions(
    tmp_path: Path, recording: Any, messages: Any, storage: str
) -> None:
    given = recording.write(tmp_path / 'given', messages, version=8, qos=[recording.latched])
    as_humble_records(given)
    made = copy(given, tmp_path / 'made', storage)
    assert [row for row in rows(made) if row[0] != '/words'] == rows(given)
    entries = topics(made)
    # In the form that Humble reads: a text with numbers.
    profiles = entries['/wheel']['topic_metadata']['offered_qos_profiles']
    assert yaml.safe_load(profiles)[0]['reliability'] == 2
    # An unknown type has no hash; the types of Humble have theirs.
    assert entries['/wheel']['topic_metadata']['type_description_hash'] == ''
    humble = get_typestore(Stores.ROS2_HUMBLE)
    image = entries['/image']['topic_metadata']
    assert image['type_description_hash'] == humble.hash_rihs01('sensor_msgs/msg/Image')
    with AnyReader([made]) as reader:
        (info,) = (c for c in reader.connections if c.topic == '/info')
        ((_, _, content),) = reader.messages([info])
        assert reader.deserialize(content, info.msgtype).k[0] == 40.0


@pytest.mark.parametrize('mode', ['FILE', 'MESSAGE', 'STORAGE'])
def test_a_compressed_bag(tmp_path: Path, recording: Any, messages: Any, mode: str) -> None:
    given = recording.write(tmp_path / 'given', messages, storage='mcap')
    small = recording.write(tmp_path / 'small', messages, storage='mcap', compression=mode)
    made = copy(small, tmp_path / 'made', 'mcap')
    assert [row for row in rows(made) if row[0] != '/words'] == rows(given)
    described = yaml.safe_load((made / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert not described['compression_mode']


def test_a_full_disk(
    tmp_path: Path, recording: Any, picture: Callable[..., Any], largest_file: Any
) -> None:
    images = [('/image', i, recording.raw(5, picture(i, (200, 200, 3)))) for i in range(30)]
    given = recording.write(tmp_path / 'given', images)
    for storage in ('mcap', 'sqlite3'):
        with largest_file(1_500_000), pytest.raises(OSError, match=r'too large|cannot be written'):
            copy(given, tmp_path / storage, storage)
        # Without its metadata it is not a bag.
        assert not (tmp_path / storage / 'metadata.yaml').exists()
        shutil.rmtree(tmp_path / storage)
        copy(given, tmp_path / storage, storage)


OTHERS = [
    ('/json', 'json', 'foxglove.Log', ('jsonschema', b'{"type": "object"}'), {'a': 'b'}),
    ('/json', 'json', '', (), {}),
    ('/proto', 'protobuf', 'foxglove.Pose', ('protobuf', b'\xff\xfe\x00'), {}),
    ('/ros1', 'ros1', 'std_msgs/String', ('ros1msg', b'string data'), {'md5sum': '99'}),
    ('/odd', 'cdr', 'a_msgs/msg/Odd', ('ros2msg', b'not a definition ]['), {}),
    ('/odd', 'cdr', 'a_msgs/msg/Odd', ('ros2msg', b'string data'), {}),
    ('/none', 'cdr', 'a_msgs/msg/None', ('ros2msg', b''), {'offered_qos_profiles': '[['}),
    # Two publishers on one topic, as merged files have them.
    ('/tf', 'cdr', 'std_msgs/msg/String', ('ros2msg', b'string data'), {}),
    ('/tf', 'cdr', 'std_msgs/msg/String', ('ros2msg', b'string data'), {'callerid': 'two'}),
]


def described_mcap(path: Path) -> list[Any]:
    with path.open('rb') as stream:
        return [
            (
                channel.topic, channel.message_encoding, message.log_time, message.data,
                (schema.name, schema.encoding, schema.data) if schema else None,
            )
            for schema, channel, message in make_reader(stream).iter_messages()
            if channel.topic != '/words'
        ]  # fmt: skip


def test_other_encodings_and_channels_of_one_topic(
    tmp_path: Path, recording: Any, picture: Callable[..., Any]
) -> None:
    given = tmp_path / 'x.mcap'
    image = recording.raw(5, picture())
    with given.open('wb') as stream:
        writer = McapWriter(stream)
        writer.start('')
        for number, (topic, encoding, kind, schema, extra) in enumerate(OTHERS):
            schema_id = writer.register_schema(kind, *schema) if kind else 0
            channel = writer.register_channel(topic, encoding, schema_id, extra)
            writer.add_message(channel, 50 - number, b'%d' % number, 50 - number)
        kind = 'sensor_msgs/msg/Image'
        schema_id = writer.register_schema(kind, 'ros2msg', b'')
        channel = writer.register_channel('/image', 'cdr', schema_id)
        content = bytes(recording.types.serialize_cdr(image, kind))
        writer.add_message(channel, 60, content, 60)
        writer.finish()
    made = copy(given, tmp_path / 'made', 'mcap')
    found, before = described_mcap(made / 'made.mcap'), described_mcap(given)
    # The definition of the image is added.
    assert found[:-1] == before[:-1]
    assert found[-1][:4] == before[-1][:4]
    # ROS 2 plays a bag only if all topics that its metadata name are serialized in the same way.
    assert {
        entry['topic_metadata']['serialization_format'] for entry in topics(made).values()
    } == {'cdr'}
    with Bag(made) as bag:
        check_count(bag, len(list(bag.messages())))
        (callers,) = (each.extra for each in bag.connections if each.topic == '/tf')
        assert callers == {'callerid': 'two'}
        assert len([each for each in bag.connections if each.topic == '/odd']) == 2
    # A copy of the copy is the same.
    again = tmp_path / 'again'
    with Bag(made) as bag:
        target = BagCopy(bag, again, 'mcap', {})
        with target.open({}, result_qos()):
            for message in bag.messages():
                target.copy(message)
    assert described_mcap(again / 'again.mcap') == found
    with (
        Bag(given) as bag,
        pytest.raises(ValueError, match='json, protobuf, ros1, which a'),
    ):
        check_topics(bag, 'sqlite3')
