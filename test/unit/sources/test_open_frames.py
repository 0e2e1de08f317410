"""Photographs, videos and webcams as sources of frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from nn_perception.sources import webcam
from nn_perception.sources.open_frames import open_frames
from nn_perception.sources.photographs import PhotographSource
from nn_perception.sources.video import VideoSource
from nn_perception.sources.webcam import WebcamSource
import numpy as np
import pytest

MAKE = Callable[..., np.ndarray]


def names_of(source: Any) -> list[str]:
    return [frame.name for frame in iter(source.read, None)]


def write_video(path: Path, pictures: list[np.ndarray], rate_hz: float) -> None:
    height, width = pictures[0].shape[:2]
    fourcc = cv2.VideoWriter_fourcc(*'MJPG')
    writer = cv2.VideoWriter(str(path), fourcc, rate_hz, (width, height))
    for picture in pictures:
        writer.write(picture)
    writer.release()


@pytest.fixture
def folder(tmp_path: Path, picture: MAKE) -> Path:
    """Create photographs, one of them broken, and what is not a photograph."""
    for name in ('10.png', '2.PNG', 'b.jpg'):
        (tmp_path / name).write_bytes(cv2.imencode(Path(name).suffix.lower(), picture())[1])
    (tmp_path / '3.png').write_bytes(b'broken')
    (tmp_path / 'notes.txt').write_text('not a photograph')
    return tmp_path


def test_photographs_in_natural_order(
    folder: Path, picture: MAKE, caplog: pytest.LogCaptureFixture
) -> None:
    source = open_frames(folder)
    assert isinstance(source, PhotographSource)
    assert (source.rate_hz, source.live, source.calibration) == (1.0, False, None)
    frame = source.read()
    assert frame is not None
    np.testing.assert_array_equal(frame.image_bgr, picture())
    assert names_of(source) == ['10.png', 'b.jpg']
    assert caplog.text.count('skipped: ') == 1
    assert '3.png' in caplog.text
    assert source.rewind()
    assert names_of(source) == ['2.PNG', '10.png', 'b.jpg']
    assert names_of(open_frames(folder / 'b.jpg')) == ['b.jpg']


def test_a_video_can_be_rewound(tmp_path: Path, picture: MAKE) -> None:
    pictures = [picture(seed, (48, 64, 3)) for seed in range(3)]
    write_video(tmp_path / 'clip.avi', pictures, 12.5)
    source = open_frames(tmp_path / 'clip.avi')
    assert isinstance(source, VideoSource)
    assert (source.rate_hz, source.live) == (12.5, False)
    # Nothing was read yet.
    assert not source.rewind()
    for _ in range(2):
        assert names_of(source) == ['clip.avi#1', 'clip.avi#2', 'clip.avi#3']
        assert source.rewind()
    source.close()


def test_a_webcam_cannot_be_rewound(
    tmp_path: Path, picture: MAKE, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A video file takes the place of the webcam."""
    write_video(tmp_path / 'clip.avi', [picture(0, (48, 64, 3))] * 2, 20.0)
    asked: list[object] = []

    def capture(device: object) -> cv2.VideoCapture:
        asked.append(device)
        return original(str(tmp_path / 'clip.avi'))

    original = cv2.VideoCapture
    monkeypatch.setattr(webcam.cv2, 'VideoCapture', capture)
    for name in ('0', '/dev/video7'):
        source = open_frames(name)
        assert isinstance(source, WebcamSource)
        assert source.live
        assert names_of(source) == [f'webcam {name}#1', f'webcam {name}#2']
        assert not source.rewind()
        source.close()
    assert asked == [0, '/dev/video7']


def test_what_contains_no_frames(tmp_path: Path) -> None:
    (tmp_path / 'notes.txt').write_text('not a video')
    for source, sentence in (
        (tmp_path, 'contains no photographs'),
        (tmp_path / 'none', 'is neither a folder, a file nor a webcam'),
        (tmp_path / 'notes.txt', 'is not a video that OpenCV can read'),
        ('/dev/video77', 'webcam /dev/video77 does not exist, or another program is using it'),
    ):
        with pytest.raises(ValueError, match=sentence):
            open_frames(source)
