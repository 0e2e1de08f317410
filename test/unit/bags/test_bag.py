"""Bags of every format, intact and damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import shutil
from typing import Any

from mcap.writer import IndexType
from mcap.writer import Writer as McapWriter
from nn_perception.bags.bag import Bag
import numpy as np
import pytest

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
