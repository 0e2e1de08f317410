"""Videos as sources of frames: their times, and starting again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nn_perception.sources.open_frames import open_frames
from nn_perception.sources.video import VideoSource
import numpy as np
import pytest
from videos import greys, number_of, write_avi, write_matroska, write_mjpeg

MAKE = Callable[..., np.ndarray]


def frames_of(source: Any) -> list[Any]:
    return list(iter(source.read, None))


def test_a_video_can_be_rewound(tmp_path: Path) -> None:
    source = open_frames(write_avi(tmp_path / 'clip.avi', greys(3), 12.5))
    assert isinstance(source, VideoSource)
    assert (source.rate_hz, source.live, source.ended) == (12.5, False, True)
    # Nothing was read yet.
    assert not source.rewind()
    for _ in range(2):
        frames = frames_of(source)
        assert [frame.name for frame in frames] == ['clip.avi#1', 'clip.avi#2', 'clip.avi#3']
        assert [number_of(frame.image_bgr) for frame in frames] == [0, 1, 2]
        assert [frame.interval_s for frame in frames] == pytest.approx([0.08] * 3)
        assert source.rewind()
    source.close()


def test_a_stream_of_pictures_can_be_rewound(tmp_path: Path) -> None:
    """It has no index to go back by."""
    source = open_frames(write_mjpeg(tmp_path / 'raw.mjpeg', greys(5)))
    for _ in range(3):
        assert [number_of(frame.image_bgr) for frame in frames_of(source)] == [0, 1, 2, 3, 4]
        assert source.rewind()


def test_the_case_of_a_stream_of_pictures(cases: Path) -> None:
    source = open_frames(cases / '17_mjpeg_stream_does_not_loop' / 'raw.mjpeg')
    first = frames_of(source)
    assert len(first) == 20
    assert source.rewind()
    assert len(frames_of(source)) == 20


@pytest.mark.parametrize(
    ('times_ms', 'intervals'),
    [
        # A screen recording: nothing for a while, then much.
        ((0, 100, 200, 1200, 1233, 3000), (0.1, 0.1, 1.0, 0.033, 1.767)),
        # The first frame of a cut clip does not begin at zero.
        ((5000, 5100, 5350, 5400, 5500, 5600), (0.1, 0.25, 0.05, 0.1, 0.1)),
        # A damaged one: times that stand still, go back, and jump by a day.
        ((0, 100, 100, 50, 150, 86_400_000), (0.1, None, None, 0.1, None)),
    ],
)
def test_frames_come_at_their_own_times(
    tmp_path: Path, times_ms: tuple[int, ...], intervals: tuple[float | None, ...]
) -> None:
    source = open_frames(write_matroska(tmp_path / 'clip.mkv', greys(6), times_ms))
    usual_s = 1.0 / source.rate_hz
    for _ in range(2):
        found = [frame.interval_s for frame in frames_of(source)]
        expected = [usual_s, *(usual_s if s is None else s for s in intervals)]
        assert found == pytest.approx(expected, abs=2e-3)
        assert source.rewind()


def test_a_video_that_is_gone_when_it_starts_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_avi(tmp_path / 'clip.avi', greys(3))
    source = open_frames(path)
    assert len(frames_of(source)) == 3
    path.unlink()
    assert not source.rewind()
    assert not source.rewind()
    assert source.read() is None
    assert caplog.text.count('cannot be played again') == 1


def test_a_video_with_damage_says_nothing_of_each_frame(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The libraries below OpenCV would write to standard error, for each frame of each round."""
    path = write_mjpeg(tmp_path / 'raw.mjpeg', greys(6))
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 12, len(content), len(content) // 6):
        content[place : place + 40] = bytes(range(40))
    path.write_bytes(content)
    source = open_frames(path)
    for _ in range(3):
        frames_of(source)
        source.rewind()
    assert capfd.readouterr().err == ''
