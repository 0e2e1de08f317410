"""A recorded bag as a source of frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nn_perception.sources.open_frames import open_frames
from nn_perception.sources.recorded_bag import BagSource
import numpy as np
import pytest

SECOND = 1_000_000_000
MAKE = Callable[..., np.ndarray]


def frames_of(source: Any) -> list[Any]:
    return list(iter(source.read, None))


def test_a_bag_as_a_source_of_frames(tmp_path: Path, recording: Any, picture: MAKE) -> None:
    times = (0.0, 0.1, 0.4, 0.4, 0.2, 0.5)
    messages = [
        ('/image', i * SECOND, recording.raw(int(9e9 + t * 1e9), picture(i)))
        for i, t in enumerate(times)
    ]
    messages[3] = ('/image', 3 * SECOND, recording.raw(int(9.3e9), picture(), 'cmyk', 'other'))
    path = recording.write(tmp_path / 'bag', messages)
    source = open_frames(path)
    assert isinstance(source, BagSource)
    assert source.rate_hz == pytest.approx(1.0)
    for _ in range(2):
        frames = frames_of(source)
        assert [frame.name for frame in frames] == [f'bag#{i}' for i in (1, 2, 3, 5, 6)]
        # The first frame follows the last one after a mean interval; negative intervals become 0.
        intervals = [1.0, 0.1, 0.3, 0.0, 0.3]
        assert [frame.interval_s for frame in frames] == pytest.approx(intervals)
        assert {frame.frame_id for frame in frames} == {'camera'}
        for frame, i in zip(frames, (0, 1, 2, 4, 5), strict=True):
            np.testing.assert_array_equal(frame.image_bgr, picture(i))
        assert source.rewind()
    source.close()


def test_a_source_that_ends_early(
    tmp_path: Path, recording: Any, picture: MAKE, caplog: pytest.LogCaptureFixture
) -> None:
    messages = [('/image', i, recording.raw(i, picture(i, (99, 99, 3)))) for i in range(90)]
    bag = recording.write(tmp_path / 'bag', messages, storage='mcap', compression='STORAGE')
    path = bag / 'bag.mcap'
    # The second chunk loses its first bytes.
    first, zstd, rest = path.read_bytes().partition(b'\x28\xb5\x2f\xfd')
    path.write_bytes(first + zstd + rest.replace(zstd, bytes(4), 1))
    source = open_frames(path)
    assert 5 < len(frames_of(source)) < 85
    assert 'cannot be read as a bag' in caplog.text


def test_bags_that_are_rejected(tmp_path: Path, recording: Any, picture: MAKE) -> None:
    messages = [(topic, 1, recording.raw(2, picture())) for topic in ('/left', '/right')]
    path = recording.write(tmp_path / 'bag', messages, empty=[('/up', 'sensor_msgs/msg/Image')])
    with pytest.raises(ValueError, match=r'on several topics; choose one of: /left, /right, /up'):
        open_frames(path)
    with pytest.raises(ValueError, match='bag contains no images on /up'):
        open_frames(path, '/up')
    open_frames(path, '/right').close()
    (path / 'metadata.yaml').unlink()
    with pytest.raises(ValueError, match='ros2 bag reindex'):
        open_frames(path)


def test_the_case_of_stamps_that_jump(cases: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = open_frames(cases / '08_bag_stamps_jump' / 'clock_set_late')
    for _ in range(2):
        frames = frames_of(source)
        assert len(frames) == 8
        assert [frame.interval_s for frame in frames] == pytest.approx([1.0] * 8)
        source.rewind()
    assert caplog.text.count('played by their recording times') == 1
    source.close()


def test_a_recording_whose_clock_was_set_begins_and_goes_on(
    tmp_path: Path, recording: Any, picture: MAKE
) -> None:
    """The mean of its intervals would be a year."""
    times = [0, 1, 2, 10**8, 10**8 + 1]
    messages = [('/image', t * SECOND, recording.raw((t + 5) * SECOND, picture())) for t in times]
    source = open_frames(recording.write(tmp_path / 'bag', messages))
    assert source.rate_hz == 1.0
    assert [frame.interval_s for frame in frames_of(source)] == pytest.approx([1.0] * 5)
    source.close()
