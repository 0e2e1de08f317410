"""Frames, training and versions in the process of the page, and what happens when they fail."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any
import zipfile

import cv2
from nn_perception.studio.local.camera_recording import RecordedCameras
from nn_perception.studio.local.fine_tuning import LocalFineTuning, LocalFineTuningOptions
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import FrameFeatures
from nn_perception.training.fine_tuning.settings import FineTuneSettings
from nn_perception.training.recording import frame_embeddings
import numpy as np
from patience import wait_until as until
import pytest
from still_camera import StillCameras

QUOTA_BYTES = 400_000


def picture(seed: int, size: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


def png(seed: int, size: int = 32) -> bytes:
    return cv2.imencode('.png', picture(seed, size))[1].tobytes()


class FakeEmbedder:
    key = 'fake'

    def features(self, image_bgr: np.ndarray) -> FrameFeatures:
        return FrameFeatures(np.full(4, image_bgr.mean(), np.float32), 1.0)

    def close(self) -> None:
        pass


@pytest.fixture
def cameras() -> Iterator[StillCameras]:
    found = StillCameras(lambda: picture(time.time_ns() % 1000))
    yield found
    found.close()


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalFineTuningOptions:
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(
        'nn_perception.studio.local.fine_tuning.Embedder',
        SimpleNamespace(open=lambda _: FakeEmbedder()),
    )
    return LocalFineTuningOptions(
        datasets=tmp_path / 'datasets', models=tmp_path / 'models', quota_bytes=QUOTA_BYTES
    )


@pytest.fixture
def fine_tuning(
    cameras: StillCameras, options: LocalFineTuningOptions
) -> Iterator[LocalFineTuning]:
    found = LocalFineTuning(RecordedCameras(cameras), options)
    yield found
    found.close()


def test_pictures_become_frames(fine_tuning: LocalFineTuning) -> None:
    frame = fine_tuning.add_frame(png(1), 'mug', 7)
    fine_tuning.add_frame(png(2), 'cup')
    assert fine_tuning.state().counts == {'cup': 1, 'mug': 1}
    assert fine_tuning.picture(frame) == png(1)
    small = cv2.imdecode(np.frombuffer(fine_tuning.picture(frame, 8), np.uint8), 1)
    assert small.shape == (8, 8, 3)
    (stored,) = fine_tuning.frames('mug', 0, 10).frames
    assert (stored.id, stored.stamp_ns) == (frame, 7)


@pytest.mark.parametrize(
    ('content', 'label', 'why'),
    [
        (b'no picture', 'mug', 'the picture'),
        (b'', 'mug', 'the picture'),
        (png(1)[:200], 'mug', 'the picture'),
        (png(1), '../mug', 'is not allowed'),
        (png(1), 'unknown', 'reserved'),
    ],
)
def test_what_is_no_frame_is_refused(
    fine_tuning: LocalFineTuning, content: bytes, label: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        fine_tuning.add_frame(content, label)
    assert fine_tuning.state().counts == {}


@pytest.mark.parametrize('frame', ['../../secret', 'mug/9_9.png', '/etc/passwd', ''])
def test_only_frames_are_pictures(fine_tuning: LocalFineTuning, frame: str) -> None:
    with pytest.raises(ValueError, match='there is no frame'):
        fine_tuning.picture(frame)


def test_a_zip_file_says_what_was_stored(fine_tuning: LocalFineTuning, tmp_path: Path) -> None:
    path = tmp_path / 'pictures.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('mug/1.png', png(1))
        archive.writestr('mug/2.png', png(2))
        archive.writestr('cup-!-0.png', png(3))
        archive.writestr('mug/notes.txt', b'no picture')
        archive.writestr('../out/3.png', png(4))
    words = fine_tuning.import_zip(path)
    assert words.startswith('3 pictures stored.')
    assert 'notes.txt is left out' in words
    assert 'leads out of the archive' in words
    assert fine_tuning.import_zip(path).startswith('0 pictures stored, 3 already there.')
    assert fine_tuning.state().counts == {'cup': 1, 'mug': 2}


def test_frames_are_deleted_and_renamed(fine_tuning: LocalFineTuning) -> None:
    frames = [fine_tuning.add_frame(png(seed), 'mug') for seed in range(4)]
    assert fine_tuning.delete_frames(frames[:2]) == 2
    assert fine_tuning.rename_label('mug', 'cup') == 2
    assert fine_tuning.state().counts == {'cup': 2}
    assert fine_tuning.delete_label('cup') == 2
    with pytest.raises(ValueError, match='no frames'):
        fine_tuning.delete_label('cup')


def test_the_camera_is_watched_only_while_it_is_recorded(
    fine_tuning: LocalFineTuning, cameras: StillCameras
) -> None:
    assert not cameras.watched
    fine_tuning.record('mug', 0.0)
    until(lambda: fine_tuning.state().counts.get('mug', 0) >= 3)
    assert (fine_tuning.state().recording, cameras.watched) == ('mug', True)
    fine_tuning.stop_recording()
    count = fine_tuning.state().counts['mug']
    assert (fine_tuning.state().recording, cameras.watched) == ('', False)
    time.sleep(0.3)
    assert fine_tuning.state().counts['mug'] == count


def test_a_full_dataset_ends_the_recording_and_says_so(fine_tuning: LocalFineTuning) -> None:
    while fine_tuning.state().size_bytes < QUOTA_BYTES - 100_000:
        fine_tuning.add_frame(png(len(fine_tuning.frames('', 0, 1000).frames), 100), 'cup')
    fine_tuning.record('mug', 0.0)
    until(lambda: not fine_tuning.state().recording)
    assert 'is full' in fine_tuning.state().notice
    stored = sum(fine_tuning.state().counts.values())
    # Deleting makes room, and the notice goes.
    assert fine_tuning.delete_label('cup') > 0
    assert fine_tuning.state().notice == ''
    assert sum(fine_tuning.state().counts.values()) < stored
    fine_tuning.stop_recording()


def test_a_dataset_of_another_process_is_only_shown(
    cameras: StillCameras, options: LocalFineTuningOptions
) -> None:
    with Dataset.open(options.datasets, options.dataset) as other:
        other.add(picture(1), 'mug', 0)
        shown = LocalFineTuning(RecordedCameras(cameras), options)
        try:
            assert 'only shows it' in shown.state().reason
            assert shown.state().counts == {'mug': 1}
            with pytest.raises(ValueError, match='already open for writing'):
                shown.add_frame(png(2), 'mug')
            with pytest.raises(ValueError, match='already open for writing'):
                shown.record('mug', 10.0)
            other.add(picture(3), 'mug', 0)
            until(lambda: shown.state().counts == {'mug': 2})
            other.close()
            until(lambda: not shown.state().reason)
            shown.add_frame(png(2), 'mug')
            assert shown.state().counts == {'mug': 3}
        finally:
            shown.close()


class StuckJob:
    """Replaces the training by a process that waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def start(job: Any, folder: Path) -> subprocess.Popen[str]:
            del job
            self.process = subprocess.Popen(
                [sys.executable, '-c', 'import time; time.sleep(60)'],
                cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            return self.process

        monkeypatch.setattr('nn_perception.training.fine_tuning.job_process._start', start)


def test_a_killed_job_is_a_sentence(
    fine_tuning: LocalFineTuning, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = StuckJob(monkeypatch)
    fine_tuning.start_job(FineTuneSettings())
    with pytest.raises(ValueError, match='runs already'):
        fine_tuning.start_job(FineTuneSettings())
    with pytest.raises(ValueError, match='a training runs'):
        fine_tuning.rename_label('mug', 'cup')
    os.kill(stuck.process.pid, signal.SIGKILL)
    until(lambda: not fine_tuning.state().job.running)
    assert 'signal 9' in fine_tuning.state().job.message
    assert not fine_tuning.state().job.succeeded


def test_a_job_is_cancelled(fine_tuning: LocalFineTuning, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match='no training runs'):
        fine_tuning.cancel_job()
    StuckJob(monkeypatch)
    fine_tuning.start_job(FineTuneSettings())
    fine_tuning.cancel_job()
    until(lambda: not fine_tuning.state().job.running)
    assert 'cancelled' in fine_tuning.state().job.message


def test_too_few_frames_are_a_sentence(fine_tuning: LocalFineTuning) -> None:
    fine_tuning.start_job(FineTuneSettings())
    until(lambda: not fine_tuning.state().job.running, 60.0)
    assert not fine_tuning.state().job.succeeded
    assert fine_tuning.state().job.message


def test_embeddings_are_computed_when_frames_are_stored(
    fine_tuning: LocalFineTuning, tmp_path: Path
) -> None:
    fine_tuning.add_frame(png(1), 'mug')
    cache = frame_embeddings.EmbeddingCache.of('fake')
    assert tmp_path in cache.path.parents
    assert len(cache.load()) == 1


def test_versions_that_do_not_exist(fine_tuning: LocalFineTuning) -> None:
    assert fine_tuning.versions() == ()
    for call in (fine_tuning.report, fine_tuning.checkpoint, fine_tuning.activate):
        with pytest.raises(ValueError, match='no version'):
            call('../../etc')
    with pytest.raises(ValueError, match='no previously active version'):
        fine_tuning.roll_back()
