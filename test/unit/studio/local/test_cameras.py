"""Photographs, videos and uploads as cameras, with stand-ins for the networks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
import shutil
import threading
import time
from typing import Any

from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.frame import Frame
from nn_perception.studio.backend.cameras import CameraImage, CameraResult
from nn_perception.studio.local import cameras as cameras_module
from nn_perception.studio.local.backend import LocalBackend
from nn_perception.studio.local.cameras import LocalCameras
from nn_perception.studio.local.fine_tuning import LocalFineTuningOptions
from nn_perception.studio.local.uploads import MAX_FILES, Uploads
from nn_perception.studio.viewer.joined_cameras import JoinedCameras
import pytest

PATIENCE_S = 20.0
CLIP = SAMPLES_FOLDER / 'people' / 'walking.mp4'
PEOPLE = 'samples:people'


class Perception:
    """Finds one tag in every frame."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.requested: set[str] = set()

    def request(self, capability: str) -> None:
        """Remember what is needed."""
        self.requested.add(capability)

    def results(
        self,
        frame: Frame,
        capabilities: Collection[str],
        stamp_ns: int,
        wait_s: float,
    ) -> Iterator[CameraResult]:
        """Find nothing."""
        self.frames.append(frame)
        for capability in capabilities:
            yield CameraResult(capability, stamp_ns, {}, 1.0)

    def forget(self, source: str) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Listener:
    """Keeps what it receives."""

    def __init__(self) -> None:
        self.images: list[CameraImage] = []
        self.results: list[CameraResult] = []

    def on_image(self, image: CameraImage) -> None:
        """Keep an image."""
        self.images.append(image)

    def on_result(self, result: CameraResult) -> None:
        """Keep a result."""
        self.results.append(result)


def until(condition: Any) -> None:
    """Wait for something."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert condition()


@pytest.fixture
def perception() -> Any:
    """Provide a stand-in for the networks."""
    return Perception()


@pytest.fixture
def cameras(perception: Any) -> Iterator[LocalCameras]:
    """Provide the cameras of a machine."""
    made = LocalCameras(perception)
    yield made
    made.close()


def test_the_samples_are_there(cameras: LocalCameras) -> None:
    kinds = {camera.id: camera.kind for camera in cameras.list()}
    assert kinds['samples:photographs'] == 'samples'
    assert kinds[PEOPLE] == 'samples'


def test_a_clip_is_played_at_its_pace(cameras: LocalCameras, perception: Any) -> None:
    listener = Listener()
    began_s = time.monotonic()
    watch = cameras.watch(PEOPLE, frozenset({'tags'}), listener)
    until(lambda: len(listener.images) >= 10 and listener.results)
    took_s = time.monotonic() - began_s
    watch.close()
    assert took_s > 0.2
    stamps = [image.stamp_ns for image in listener.images]
    assert stamps == sorted(set(stamps))
    # Every result belongs to a frame of the camera, on the clock of this machine.
    assert abs(time.time_ns() - listener.results[0].stamp_ns) < PATIENCE_S * 1e9
    assert perception.frames[0].source == PEOPLE
    assert perception.requested == {'tags'}
    count = len(listener.images)
    time.sleep(0.3)
    assert len(listener.images) <= count + 1


def test_nothing_runs_while_nobody_looks(cameras: LocalCameras, perception: Any) -> None:
    threads = {*threading.enumerate()}
    listener = Listener()
    watch = cameras.watch(PEOPLE, frozenset({'tags', 'poses'}), listener)
    until(lambda: listener.images and listener.results)
    watch.close()
    until(lambda: {*threading.enumerate()} <= threads)
    count = len(perception.frames)
    time.sleep(0.2)
    assert len(perception.frames) == count


def test_two_viewers_share_the_player(cameras: LocalCameras) -> None:
    first, second = Listener(), Listener()
    watches = [cameras.watch(PEOPLE, frozenset(), one) for one in (first, second)]
    until(lambda: len(second.images) >= 3)
    common = second.images[0]
    assert any(image is common for image in first.images)
    for watch in watches:
        watch.close()


def test_photographs_change(cameras: LocalCameras, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('nn_perception.studio.local.played_camera.PHOTOGRAPH_S', 0.05)
    listener = Listener()
    watch = cameras.watch('samples:photographs', frozenset(), listener)
    until(lambda: len({image.jpeg for image in listener.images}) >= 3)
    watch.close()


def test_there_is_no_such_camera(cameras: LocalCameras) -> None:
    with pytest.raises(ValueError, match='there is no camera nothing'):
        cameras.watch('nothing', frozenset(), Listener())
    assert 'there is no camera' in cameras.silence_reason('nothing')


def test_a_file_that_disappears_is_silent_with_a_reason(tmp_path: Path, perception: Any) -> None:
    video = tmp_path / 'video.mp4'
    shutil.copy(CLIP, video)
    cameras = LocalCameras(perception, [str(video)])
    video.unlink()
    name = cameras.list()[0].id
    listener = Listener()
    watch = cameras.watch(name, frozenset(), listener)
    until(lambda: cameras.silence_reason(name))
    assert str(video) in cameras.silence_reason(name)
    assert listener.images == []
    watch.close()
    cameras.close()


def test_a_file_that_cannot_be_played_is_refused(tmp_path: Path, perception: Any) -> None:
    text = tmp_path / 'notes.mp4'
    text.write_text('no video')
    with pytest.raises(ValueError, match='not a video'):
        LocalCameras(perception, [str(text)])


def test_webcams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cameras: LocalCameras) -> None:
    monkeypatch.setattr(cameras_module, 'DEVICES', tmp_path)
    monkeypatch.setattr(cameras_module, 'SYSTEM_DEVICES', tmp_path / 'sys')
    for number, index, name in ((10, '0', 'Robot eye'), (2, '0', ''), (3, '1', 'metadata')):
        (tmp_path / f'video{number}').touch()
        folder = tmp_path / 'sys' / f'video{number}'
        folder.mkdir(parents=True)
        (folder / 'index').write_text(index)
        (folder / 'name').write_text(name)
    found = [camera for camera in cameras.list() if camera.kind == 'webcam']
    assert [camera.id for camera in found] == [f'{tmp_path}/video2', f'{tmp_path}/video10']
    assert found[1].title == f'Robot eye ({tmp_path}/video10)'


def test_uploads(tmp_path: Path, perception: Any) -> None:
    uploads = Uploads(perception)
    for number in range(MAX_FILES + 1):
        sent = tmp_path / 'sent'
        shutil.copy(CLIP, sent)
        (info,) = uploads.add(sent, f'../../walk {number}.mp4')
        assert info.title == f'walk {number}.mp4'
        assert not sent.exists()
    assert [info.title for info in uploads.list()] == [f'walk {n}.mp4' for n in range(1, 5)]
    listener = Listener()
    watch = JoinedCameras(LocalCameras(perception), uploads).watch(
        info.id, frozenset({'tags'}), listener
    )
    until(lambda: listener.images and listener.results)
    watch.close()
    folder = uploads._folder
    assert folder is not None
    assert len(list(folder.iterdir())) == MAX_FILES
    uploads.close()
    assert not folder.exists()
    assert uploads.list() == []


def test_a_bag_is_a_camera_for_each_topic(
    tmp_path: Path, perception: Any, recording: Any, picture: Any
) -> None:
    messages = [
        (topic, number * 10**8, recording.raw(number * 10**8, picture(number)))
        for number in range(5)
        for topic in ('/left', '/right')
    ]
    bag = recording.write(tmp_path / 'bag', messages, storage='mcap')
    uploads = Uploads(perception)
    shutil.copy(bag / 'bag.mcap', tmp_path / 'sent')
    infos = uploads.add(tmp_path / 'sent', 'walk.mcap')
    assert [(info.title, info.kind) for info in infos] == [
        ('walk.mcap, /left', 'bag'),
        ('walk.mcap, /right', 'bag'),
    ]
    listener = Listener()
    watch = uploads.watch(infos[1].id, frozenset({'tags'}), listener)
    # It is repeated, since nobody could watch half a second.
    until(lambda: len(listener.images) > 7)
    watch.close()
    uploads.close()


@pytest.mark.parametrize('name', ['notes.mp4', 'notes.mcap', 'notes.db3', 'notes', 'notes.jpg'])
def test_an_upload_that_cannot_be_played(tmp_path: Path, perception: Any, name: str) -> None:
    uploads = Uploads(perception)
    sent = tmp_path / 'sent'
    sent.write_text('nothing of the kind')
    with pytest.raises(ValueError, match=r'notes|bag') as refused:
        uploads.add(sent, name)
    assert 'nn_perception-scratch' not in str(refused.value)
    assert uploads.list() == []
    assert uploads._folder is not None
    assert list(uploads._folder.iterdir()) == []
    uploads.close()


def test_the_backend_closes_all(perception: Any, tmp_path: Path) -> None:
    threads = {*threading.enumerate()}
    options = LocalFineTuningOptions(datasets=tmp_path / 'datasets', models=tmp_path / 'models')
    backend = LocalBackend(perception, options=options)
    listener = Listener()
    backend.cameras.watch(PEOPLE, frozenset({'tags'}), listener)
    until(lambda: listener.images)
    backend.close()
    until(lambda: len({*threading.enumerate()} - threads) <= 1)
