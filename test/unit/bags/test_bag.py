"""Bags of every format, intact and damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import resource
import shutil
import tempfile
from typing import Any

from backports import zstd
from mcap.writer import IndexType
from mcap.writer import Writer as McapWriter
from nn_perception.bags.bag import Bag
import numpy as np
import pytest
from rosbags.typesys import get_typestore, Stores

SECOND = 1_000_000_000
MAKE = Callable[..., np.ndarray]


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
@pytest.mark.parametrize('alone', [False, True])
def test_images_with_their_headers(
    tmp_path: Path, recording: Any, picture: MAKE, storage: str, alone: bool
) -> None:
    messages = [
        ('/cam/image', 5 * SECOND, recording.raw(3 * SECOND + 7, picture(0), 'bgr8', 'left')),
        ('/wheel', 5 * SECOND + 1, recording.wheel(1.0)),
        ('/cam/image', 6 * SECOND, recording.raw(0, picture(1)[..., ::-1], 'rgb8', '')),
        ('/cam/image', 7 * SECOND, recording.raw(8, picture(2), 'cmyk')),
    ]
    path = recording.write(tmp_path / 'bag', messages, storage=storage)
    if alone:
        path = path / ('bag.mcap' if storage == 'mcap' else 'bag.db3')
    with Bag(path) as bag:
        assert bag.image_topics == ['/cam/image']
        assert (bag.message_count, bag.count('/cam/image')) == (4, 3)
        assert bag.duration_s == pytest.approx(2.0)
        first, second, third = bag.messages([bag.choose_topic()])
        with pytest.raises(ValueError, match="encoding 'cmyk' is not supported"):
            bag.frame(third)
        first, second = bag.frame(first), bag.frame(second)
    np.testing.assert_array_equal(first.image_bgr, picture(0))
    np.testing.assert_array_equal(second.image_bgr, picture(1))
    assert (first.stamp, first.frame_id, first.recorded_ns) == ((3, 7), 'left', 5 * SECOND)
    assert (second.stamp, second.stamp_ns) == ((0, 0), 6 * SECOND)
    assert (first.source, first.stamp_s) == ('/cam/image', 3 + 7e-9)
    assert second.stamp_s == 6.0


@pytest.mark.parametrize('order', [(1, 2, 3), (1, 3, 2)])
def test_mcap_without_an_index(tmp_path: Path, order: tuple[int, ...]) -> None:
    path = tmp_path / 'plain.mcap'
    with path.open('wb') as stream:
        writer = McapWriter(
            stream, index_types=IndexType.NONE, use_chunking=False, use_statistics=False,
            use_summary_offsets=False, repeat_channels=False, repeat_schemas=False,
        )  # fmt: skip
        writer.start('ros2')
        schema = writer.register_schema('std_msgs/msg/String', 'ros2msg', b'string data')
        channel = writer.register_channel('/words', 'cdr', schema)
        for time_ns in order:
            writer.add_message(channel, time_ns, b'word', time_ns)
        writer.finish()
    with Bag(path) as bag:
        if order == (1, 2, 3):
            assert [time_ns for _, time_ns, _ in bag.messages()] == [1, 2, 3]
        else:
            with pytest.raises(ValueError, match='not in timestamp order'):
                list(bag.messages())


def test_a_damaged_message(tmp_path: Path, recording: Any, picture: MAKE) -> None:
    path = recording.write(tmp_path / 'bag', [('/image', 1, recording.raw(2, picture()))])
    with Bag(path) as bag:
        ((connection, recorded_ns, content),) = bag.messages()
        for cut in (b'', content[:3], content[:40], b'\x07' * 50, content + bytes(99)):
            with pytest.raises(ValueError, match=r'^damaged: '):
                bag.frame((connection, recorded_ns, cut))


def test_the_calibration_beside_the_images(tmp_path: Path, recording: Any, picture: MAKE) -> None:
    messages = [
        ('/cam/image/compressed', 1, recording.compressed(1, picture())),
        ('/cam/camera_info', 2, recording.camera_info(1, 8, 6, 50.0)),
        ('/cam/camera_info', 3, recording.camera_info(2, 8, 6, 60.0)),
        ('/rear/image', 4, recording.raw(1, picture())),
        ('/rear/camera_info', 5, recording.wheel(1.0)),
    ]
    with Bag(recording.write(tmp_path / 'bag', messages)) as bag:
        found = bag.calibration('/cam/image/compressed')
        assert found is not None
        assert (found['width'], found['height'], found['k'][0]) == (8, 6, 50.0)
        assert found['distortion_model'] == 'plumb_bob'
        assert [len(found[name]) for name in ('d', 'k', 'r', 'p')] == [5, 9, 9, 12]
        # A topic of that name with another type is not a calibration.
        assert bag.calibration('/rear/image') is None


def test_what_is_not_a_bag(tmp_path: Path, recording: Any, picture: MAKE) -> None:
    whole = recording.write(tmp_path / 'bag', [('/image', 1, recording.raw(2, picture()))])
    for name, content, sentence in (
        ('none', None, 'none does not exist'),
        ('a.txt', b'hello', 'ends in none of .mcap, .db3, .bag'),
        ('a.mcap', b'', 'seems to be empty'),
        ('a.db3', b'hello' * 99, 'cannot be read as a bag'),
        ('a.bag', b'hello', 'cannot be read as a bag'),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises((ValueError, FileNotFoundError), match=sentence):
            Bag(path)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match='empty cannot be read as a bag: it has no metadata'):
        Bag(tmp_path / 'empty')
    for text in ('', 'a: [', 'rosbag2_bagfile_information: 3', 'x: 1'):
        other = shutil.copytree(whole, tmp_path / 'other', dirs_exist_ok=True)
        (other / 'metadata.yaml').write_text(text)
        with pytest.raises(ValueError, match='cannot be read as a bag'):
            Bag(other)
    (whole / 'metadata.yaml').unlink()
    with pytest.raises(ValueError, match=f'run `ros2 bag reindex {whole}` first'):
        Bag(whole)


def test_a_bag_without_images(tmp_path: Path, recording: Any) -> None:
    path = recording.write(tmp_path / 'bag', [('/wheel', 1, recording.wheel(1.0))])
    with Bag(path) as bag, pytest.raises(ValueError, match='bag contains no images'):
        bag.choose_topic()


def write_mcap(path: Path, channels: Any, profile: str = 'ros2') -> Path:
    """Write a message for each topic, encoding, type, encoding of its schema, and content."""
    with path.open('wb') as stream:
        writer = McapWriter(stream)
        writer.start(profile)
        for time_ns, (topic, encoding, kind, definition, content) in enumerate(channels):
            schema = writer.register_schema(kind, *definition) if kind else 0
            channel = writer.register_channel(topic, encoding, schema)
            writer.add_message(channel, time_ns, content, time_ns)
        writer.finish()
    return path


IMAGE = 'sensor_msgs/msg/Image'
DEFINED = ('ros2msg', b'')


@pytest.mark.parametrize('profile', ['', 'ros2', 'ros1', 'x'])
def test_the_profile_of_mcap_does_not_matter(
    tmp_path: Path, recording: Any, picture: MAKE, profile: str
) -> None:
    content = bytes(recording.types.serialize_cdr(recording.raw(3, picture()), IMAGE))
    channels = [('/image', 'cdr', IMAGE, DEFINED, content)]
    with Bag(write_mcap(tmp_path / 'x.mcap', channels, profile)) as bag:
        (message,) = bag.images([bag.choose_topic()])
        np.testing.assert_array_equal(bag.frame(message).image_bgr, picture())


@pytest.mark.parametrize('kind', ['sensor_msgs/Image', IMAGE])
def test_images_of_ros_1_in_mcap(tmp_path: Path, recording: Any, picture: MAKE, kind: str) -> None:
    types = get_typestore(Stores.ROS1_NOETIC)
    header = types.types['std_msgs/msg/Header'](9, recording.header(3).stamp, 'left')
    data = picture().reshape(-1)
    message = types.types[IMAGE](header, 6, 8, 'bgr8', 0, 24, data)
    content = bytes(types.serialize_ros1(message, IMAGE))
    channels = [('/image', 'ros1', kind, ('ros1msg', b''), content)]
    with Bag(write_mcap(tmp_path / 'x.mcap', channels, 'ros1')) as bag:
        (frame,) = (bag.frame(message) for message in bag.images([bag.choose_topic()]))
    np.testing.assert_array_equal(frame.image_bgr, picture())
    assert (frame.frame_id, frame.stamp) == ('left', (0, 3))


STRANGE = [
    ('/json', 'json', 'foxglove.Log', ('jsonschema', b'{}'), b'{"a": 1}'),
    ('/json', 'json', '', (), b'{}'),
    ('/proto', 'protobuf', 'foxglove.Pose', ('protobuf', b'\xff\xfe\x00'), b'\x07'),
    ('/flat', 'flatbuffer', 'Flat', ('flatbuffer', b'\x00\xff'), b''),
    ('/idl', 'cdr', 'a_msgs/msg/Odd', ('ros2idl', b'=' * 80 + b'\nIDL: a/msg/Odd\nnone'), b'\x01'),
    ('/bad', 'cdr', 'a_msgs/msg/Bad', ('ros2msg', b'\xff not a definition ]['), b'\x02'),
    ('/none', 'cdr', 'a_msgs/msg/None', ('ros2msg', b''), b''),
    ('/none', 'cdr', 'b_msgs/msg/None', ('', b''), b'\x03'),
    ('/empty', '', 'b_msgs/msg/None', ('', b''), b'\x03'),
]


def test_other_messages_beside_the_images(tmp_path: Path, recording: Any, picture: MAKE) -> None:
    content = bytes(recording.types.serialize_cdr(recording.raw(3, picture()), IMAGE))
    images = [('/image', 'cdr', IMAGE, DEFINED, content)]
    with Bag(write_mcap(tmp_path / 'x.mcap', STRANGE + images)) as bag:
        assert bag.image_topics == ['/image']
        assert [message[2] for message in bag.messages()] == [
            *(each[-1] for each in STRANGE), content
        ]  # fmt: skip


def test_two_types_on_one_topic(tmp_path: Path, recording: Any, picture: MAKE) -> None:
    content = bytes(recording.types.serialize_cdr(recording.raw(3, picture()), IMAGE))
    channels = [
        ('/image', 'json', IMAGE, ('jsonschema', b'{}'), b'{}'),
        ('/image', 'cdr', 'std_msgs/msg/String', DEFINED, b'\x00'),
        ('/image', 'cdr', IMAGE, DEFINED, content),
        ('/image', 'cdr', IMAGE, ('ros2msg', b'other'), content),
    ]
    with Bag(write_mcap(tmp_path / 'x.mcap', channels)) as bag:
        assert bag.count(bag.choose_topic()) == 2
        assert [time_ns for _, time_ns, _ in bag.images(['/image'])] == [2, 3]


@pytest.mark.parametrize(
    ('kind', 'encoding'),
    [
        ('foxglove_msgs/msg/CompressedVideo', 'cdr'),
        ('foxglove_msgs/msg/CompressedImage', 'cdr'),
        ('foxglove_msgs/msg/RawImage', 'cdr'),
        ('foxglove.CompressedVideo', 'protobuf'),
        ('foxglove.RawImage', 'json'),
        ('ffmpeg_image_transport_msgs/msg/FFMPEGPacket', 'cdr'),
        ('theora_image_transport/msg/Packet', 'cdr'),
        ('stereo_msgs/msg/DisparityImage', 'cdr'),
        ('sensor_msgs/msg/Image', 'json'),
    ],
)
def test_pictures_that_cannot_be_decoded_are_named(
    tmp_path: Path, kind: str, encoding: str
) -> None:
    channels = [('/video', encoding, kind, ('', b''), b'')]
    with Bag(write_mcap(tmp_path / 'x.mcap', channels)) as bag:
        for topic in ('', '/video'):
            with pytest.raises(ValueError, match=r'contains no images of type') as error:
                bag.choose_topic(topic)
            assert f'/video has {kind} ({encoding}), which cannot be decoded' in str(error.value)


@pytest.mark.parametrize(
    'profiles',
    ["''", 'null', '5', '[]', '{}', '- depth: 5', "'- depth: 5'", "'['", '[[1], 2]', 'reliable'],
)
@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_qos_profiles_that_somebody_edited(
    tmp_path: Path, recording: Any, picture: MAKE, profiles: str, storage: str
) -> None:
    messages = [('/image', i, recording.raw(2, picture(i))) for i in range(3)]
    path = recording.write(tmp_path / 'bag', messages, storage=storage)
    text = (path / 'metadata.yaml').read_text()
    assert 'offered_qos_profiles: []' in text
    changed = text.replace('offered_qos_profiles: []', f'offered_qos_profiles: {profiles}')
    if profiles.startswith('- '):
        changed = text.replace(
            'offered_qos_profiles: []', f'offered_qos_profiles:\n      {profiles}'
        )
    (path / 'metadata.yaml').write_text(changed)
    with Bag(path) as bag:
        assert len(list(bag.messages())) == bag.stated_count == 3


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        ('version: 9', 'version: 12'),
        ('version: 9', 'version: new'),
        ('version: 9', 'versions: 9'),
        ('storage_identifier: sqlite3', 'storage_identifier: mcap'),
        ('storage_identifier: sqlite3', 'x: 1'),
        ('name: /image', 'name: /other'),
        ('type: sensor_msgs/msg/Image', 'type: 3'),
        ('RIHS01_', 'RIHS01_0'),
        ('serialization_format: cdr', 'x: cdr'),
        ('topics_with_message_count:', 'topics:'),
        ('nanoseconds: 2', 'nanoseconds: 1.5e300'),
        ("compression_mode: ''", 'compression_mode: NONE'),
        ("compression_mode: ''", 'compression_mode: FILE\n  compression_format: zstd'),
        ('ros_distro: rosbags', 'ros_distro: [rosbags]'),
        ('custom_data: null', 'custom_data: text'),
        ('files:', 'file:'),
    ],
)
def test_metadata_that_somebody_edited(
    tmp_path: Path, recording: Any, picture: MAKE, before: str, after: str
) -> None:
    messages = [('/image', i, recording.raw(2, picture(i))) for i in range(3)]
    path = recording.write(tmp_path / 'bag', messages)
    text = (path / 'metadata.yaml').read_text()
    assert before in text
    (path / 'metadata.yaml').write_text(text.replace(before, after))
    with Bag(path) as bag:
        assert bag.storage == 'sqlite3'
        assert len(list(bag.images([bag.choose_topic()]))) == 3


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
@pytest.mark.parametrize('change', ['metadata', 'file', 'both'])
def test_names_of_compressed_files(
    tmp_path: Path, recording: Any, picture: MAKE, storage: str, change: str
) -> None:
    messages = [('/image', i, recording.raw(2, picture(i))) for i in range(3)]
    path = recording.write(tmp_path / 'bag', messages, storage=storage, compression='FILE')
    (stored,) = path.glob('*.zstd')
    described = path / 'metadata.yaml'
    if change in ('metadata', 'both'):
        described.write_text(described.read_text().replace('.zstd', ''))
        described.write_text(described.read_text().replace('format: zstd', "format: ''"))
    if change == 'metadata':
        with Bag(stored) as bag:
            assert len(list(bag.images(['/image']))) == 3
    if change in ('file', 'both'):
        stored.with_suffix('').write_bytes(zstd.decompress(stored.read_bytes()))
        stored.unlink()
    with Bag(path) as bag:
        assert len(list(bag.images([bag.choose_topic()]))) == 3


@pytest.mark.parametrize('mode', ['lz4', 'rar', '[a]'])
def test_other_compressions(tmp_path: Path, recording: Any, picture: MAKE, mode: str) -> None:
    messages = [('/image', i, recording.raw(2, picture(i))) for i in range(3)]
    path = recording.write(tmp_path / 'bag', messages, compression='MESSAGE')
    described = path / 'metadata.yaml'
    text = described.read_text()
    described.write_text(text.replace('format: zstd', f'format: {mode}'))
    with pytest.raises(ValueError, match=r'its compression .* is not supported'):
        Bag(path)
    described.write_text(text.replace('mode: message', f'mode: {mode}'))
    with pytest.raises(ValueError, match=r'its compression_mode .* is unknown'):
        Bag(path)


def test_several_files(tmp_path: Path, recording: Any, picture: MAKE) -> None:
    path = recording.write(tmp_path / 'bag', [('/image', 5, recording.raw(2, picture()))])
    (path / 'bag.db3').rename(path / 'bag_0.db3')
    others = [('/wheel', 7, recording.wheel(1.0)), ('/image', 9, recording.raw(2, picture()))]
    other = recording.write(tmp_path / 'other', others, storage='mcap')
    (other / 'other.mcap').rename(path / 'bag_1.mcap')
    described = path / 'metadata.yaml'
    described.write_text(described.read_text().replace('- bag.db3', '- bag_0.db3\n  - bag_1.mcap'))
    with Bag(path) as bag:
        assert [row[1] for row in bag.messages()] == [5, 7, 9]
        assert bag.count('/image') == 2
        assert bag.duration_s == pytest.approx(4e-9)
        assert [each.topic for each in bag.connections] == ['/image', '/wheel']


@pytest.mark.parametrize('compression', ['NONE', 'FILE'])
def test_thousands_of_files(
    tmp_path: Path,
    recording: Any,
    picture: MAKE,
    compression: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    messages = [('/image', 5, recording.raw(2, picture()))]
    path = recording.write(tmp_path / 'bag', messages, compression=compression)
    (stored,) = path.glob('bag.*')
    names = [f'bag_{i}{"".join(stored.suffixes)}' for i in range(100)]
    for name in names:
        shutil.copy(stored, path / name)
    listed = ''.join(f'\n  - {name}' for name in names)
    described = path / 'metadata.yaml'
    described.write_text(described.read_text().replace(f'\n  - {stored.name}', listed))
    folder = tmp_path / 'temporary'
    folder.mkdir()
    monkeypatch.setattr(tempfile, 'tempdir', str(folder))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, before[1]))
    try:
        with Bag(path) as bag:
            assert len(list(bag.messages())) == bag.message_count == 100
            assert list(folder.iterdir()) == []
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_single_file_of_compressed_messages(
    tmp_path: Path, recording: Any, picture: MAKE
) -> None:
    # Only metadata.yaml says that they are compressed.
    messages = [('/image', i, recording.raw(2, picture(i))) for i in range(3)]
    path = recording.write(tmp_path / 'bag', messages, compression='MESSAGE')
    with Bag(path / 'bag.db3') as bag:
        for number, message in enumerate(bag.images([bag.choose_topic()])):
            np.testing.assert_array_equal(bag.frame(message).image_bgr, picture(number))


def test_names_that_a_terminal_must_not_show(tmp_path: Path) -> None:
    names = [f'/\x1b[2J{i}' for i in range(40)]
    channels = [(name, 'cdr', IMAGE, DEFINED, b'') for name in names]
    with Bag(write_mcap(tmp_path / 'x.mcap', channels)) as bag:
        for topic in ('', '/none\x1b'):
            with pytest.raises(ValueError, match=r'choose one of: .* and 20 more$') as error:
                bag.choose_topic(topic)
            assert str(error.value).isprintable()
            assert len(str(error.value)) < 1000
        message = next(bag.messages())
        with pytest.raises(ValueError, match='damaged'):
            bag.frame(message)


def test_what_is_no_image(tmp_path: Path) -> None:
    with (
        Bag(write_mcap(tmp_path / 'x.mcap', STRANGE)) as bag,
        pytest.raises(ValueError, match=r'foxglove\.Log \(json\) is not an image'),
    ):
        bag.frame(next(bag.messages()))
