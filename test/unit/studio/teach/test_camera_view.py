"""The camera is watched while somebody asks for its images, and no longer."""

from __future__ import annotations

from collections.abc import Iterator
import time

from nn_perception.studio.teach import camera_view
from nn_perception.studio.teach.camera_view import CameraView
import numpy as np
from patience import wait_until
import pytest
from still_camera import CAMERA, StillCameras


@pytest.fixture
def cameras() -> Iterator[StillCameras]:
    found = StillCameras(lambda: np.full((8, 8, 3), time.time_ns() % 256, np.uint8))
    yield found
    found.close()


def test_each_image_is_newer(cameras: StillCameras) -> None:
    view = CameraView(cameras)
    assert view.newest() == b''
    stamps = [0]
    for _ in range(4):
        image = view.next_image(CAMERA, stamps[-1])
        assert not isinstance(image, str)
        stamps.append(image.stamp_ns)
    assert stamps == sorted(set(stamps))
    assert view.newest().startswith(b'\xff\xd8')


def test_the_camera_rests_when_nobody_asks(
    cameras: StillCameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_view, 'IDLE_S', 0.4)
    view = CameraView(cameras)
    view.next_image(CAMERA, 0)
    assert cameras.watched
    wait_until(lambda: not cameras.watched)
    assert view.newest() == b''
    assert not isinstance(view.next_image(CAMERA, 0), str)


def test_no_camera_and_no_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_view, 'WAIT_S', 0.05)
    silent = StillCameras(lambda: np.zeros((8, 8, 3), np.uint8))
    silent.close()
    view = CameraView(silent)
    with pytest.raises(ValueError, match='no camera'):
        view.next_image('other', 0)
    assert view.next_image(CAMERA, 0) == 'No image arrives from the camera.'
