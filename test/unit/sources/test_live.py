"""Webcams: the newest image, and what happens when they are unplugged."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import queue
import stat
import time
from typing import Any, ClassVar

import cv2
from nn_perception.sources import captures, webcam
from nn_perception.sources.live import LiveSource
from nn_perception.sources.open_frames import open_frames
import numpy as np
from patience import stretched, wait_until
import pytest
from videos import greys, number_of


class FakeCapture:
    """A webcam that shows what it is given, and fails when it is unplugged."""

    images: queue.Queue[np.ndarray | None] = queue.Queue()
    plugged = True
    opened: ClassVar[list[object]] = []
    released = 0

    def __init__(self, device: object, *_: object) -> None:
        self.opened.append(device)

    def isOpened(self) -> bool:  # noqa: N802 - as OpenCV
        return FakeCapture.plugged

    def get(self, number: int) -> float:
        return 25.0 if number == cv2.CAP_PROP_FPS else -1.0

    def set(self, *_: object) -> bool:
        return True

    def read(self) -> tuple[bool, np.ndarray | None]:
        while FakeCapture.plugged:
            try:
                return True, self.images.get(timeout=0.02)
            except queue.Empty:
                pass
        return False, None

    def release(self) -> None:
        FakeCapture.released += 1


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeCapture]]:
    """Plug in a webcam."""
    monkeypatch.setattr(captures.cv2, 'VideoCapture', FakeCapture)
    monkeypatch.setattr(webcam, 'PATIENCE_S', 0.0)
    FakeCapture.images = queue.Queue()
    FakeCapture.opened, FakeCapture.plugged, FakeCapture.released = [], True, 0
    yield FakeCapture
    FakeCapture.plugged = False


def next_frame(source: Any) -> Any:
    return wait_until(source.read)


@pytest.mark.parametrize(('name', 'device'), [('0', 0), ('/dev/video7', '/dev/video7')])
def test_a_webcam_shows_its_newest_image(
    camera: type[FakeCapture], name: str, device: object
) -> None:
    source = open_frames(name)
    assert isinstance(source, LiveSource)
    assert (source.live, source.calibration, source.ended) == (True, None, False)
    assert source.rate_hz == 25.0
    assert camera.opened == [device]
    pictures = greys(4)
    for number in range(2):
        camera.images.put(pictures[number])
        frame = next_frame(source)
        assert frame.name == f'webcam {name}#{number + 1}'
        assert number_of(frame.image_bgr) == number
    # Each is shown once; of several, the newest.
    began_s = time.monotonic()
    assert source.read() is None
    assert time.monotonic() - began_s < stretched(1.0)
    for picture in pictures[2:]:
        camera.images.put(picture)
    wait_until(camera.images.empty)
    time.sleep(0.05)
    assert number_of(next_frame(source).image_bgr) == 3
    source.close()
    # The thread that reads lets go of the webcam after its next image.
    camera.images.put(pictures[0])
    wait_until(lambda: camera.released == 1)


def test_a_webcam_that_is_unplugged_and_plugged_in_again(
    camera: type[FakeCapture], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('nn_perception.sources.live.SILENT_S', 0.2)
    source = open_frames('/dev/video7')
    camera.images.put(greys(1)[0])
    next_frame(source)
    assert source.problem == ''
    camera.plugged = False
    wait_until(lambda: source.ended)
    assert source.read() is None
    wait_until(lambda: source.problem)
    assert 'no frame from webcam /dev/video7 for' in source.problem
    assert 'unplugged' in source.problem
    # It is not looked for until somebody asks.
    count = len(camera.opened)
    time.sleep(0.3)
    assert len(camera.opened) == count
    assert source.rewind()
    wait_until(lambda: len(camera.opened) > count and source.ended)
    assert 'webcam /dev/video7 does not exist' in source.problem
    camera.plugged = True
    camera.images.put(greys(1)[0])
    assert source.rewind()
    assert not source.ended
    frame = next_frame(source)
    assert frame.name == 'webcam /dev/video7#2'
    assert source.problem == ''
    source.close()


def test_a_webcam_that_is_lost_is_asked_for_less_and_less_often(
    camera: type[FakeCapture], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('nn_perception.sources.live.FIRST_WAIT_S', 0.05)
    source = open_frames('0')
    camera.plugged = False
    end_s = time.monotonic() + 1.5
    while time.monotonic() < end_s:
        source.read()
        if source.ended:
            source.rewind()
        time.sleep(0.005)
    # After 0.05, 0.1, 0.2, 0.4, 0.8 seconds.
    assert 2 <= len(camera.opened) <= 6
    source.close()


def test_a_camera_that_hangs_does_not_hold_its_user(camera: type[FakeCapture]) -> None:
    source = open_frames('0')
    for action in (source.read, source.close):
        began_s = time.monotonic()
        action()
        assert time.monotonic() - began_s < stretched(1.5)


def test_a_link_to_a_webcam_is_a_webcam(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, camera: type[FakeCapture]
) -> None:
    # Any character device will do.
    (tmp_path / 'front').symlink_to('/dev/null')
    assert stat.S_ISCHR(os.stat(tmp_path / 'front').st_mode)
    source = open_frames(tmp_path / 'front')
    assert isinstance(source, LiveSource)
    assert camera.opened == [str(tmp_path / 'front')]
    source.close()
