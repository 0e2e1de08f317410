"""A dataset of clips keeps what it has stored, and does not mix with pictures."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import signal
import subprocess
import sys

from nn_perception.core.audio.samples import Samples
from nn_perception.core.audio.sound_files import read_sound
from nn_perception.core.subprocess import PACKAGE_ROOT
from nn_perception.training.datasets.catalog import delete_dataset
from nn_perception.training.datasets.dataset import Dataset, QuotaError
from nn_perception.training.datasets.labelled_frames import MANIFEST, medium_in, read_frames
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.datasets.media.pictures import IMAGES
import numpy as np
from patience import HANGS_S
import pytest

TOPIC = '/audio'


def noise(seed: int, seconds: float = 1.0) -> Samples:
    random = np.random.default_rng(seed)
    return random.uniform(-0.5, 0.5, round(16_000 * seconds)).astype(np.float32)


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    with Dataset.open(tmp_path, 'sounds', medium=SOUNDS) as opened:
        yield opened


def test_a_clip_is_a_file_beside_the_manifest(dataset: Dataset) -> None:
    clip = noise(0)
    stored = dataset.add_clip(clip, 'stop', 7, TOPIC, 'anna 1')
    assert stored.id == 'stop/7_0.wav'
    assert np.abs(read_sound(stored.path) - clip).max() < 1e-4
    (line,) = (dataset.folder / MANIFEST).read_text().splitlines()
    assert json.loads(line) == {
        'file': 'stop/7_0.wav',
        'label': 'stop',
        'stamp': 7,
        'topic': TOPIC,
        'sha256': stored.sha256,
        'recording': 'anna 1',
    }
    listing = read_frames(dataset.folder)
    assert (listing.frames, listing.problems, listing.medium) == ((stored,), (), SOUNDS)


def test_a_sound_is_cut_into_clips_of_one_recording(dataset: Dataset) -> None:
    clips = dataset.add_sound(noise(1, 3.2), 'background', 10**18, TOPIC)
    assert [clip.stamp_ns - 10**18 for clip in clips] == [0, 10**9, 2 * 10**9]
    assert len({clip.recording for clip in clips}) == 1
    assert clips[0].recording
    assert [clip.stamp_ns for clip in dataset.add_sound(noise(2, 2.0), 'a', 0)] == [0, 0]
    assert dataset.add_sound(noise(3, 0.3), 'a', 0)[0].recording == ''


def test_the_dataset_is_complete_when_it_is_opened_again(dataset: Dataset, tmp_path: Path) -> None:
    clips = dataset.add_sound(noise(1, 3.0), 'background', 5, TOPIC, 'room')
    dataset.add_clip(noise(2), 'stop', 6)
    dataset.rename_label('background', 'noise')
    dataset.delete('stop')
    dataset.close()
    with Dataset.open(tmp_path, 'sounds', medium=SOUNDS) as again:
        assert again.problems == ()
        assert [clip.recording for clip in again.frames()] == ['room'] * 3
        assert [clip.sha256 for clip in again.frames()] == [clip.sha256 for clip in clips]
        assert again.add_clip(noise(4), 'noise', 9).id == 'noise/9_3.wav'


@pytest.mark.parametrize(
    'clip',
    [
        np.zeros(15_999, np.float32),
        np.zeros((16_000, 1), np.float32),
        np.zeros(16_000, np.int16),
        np.full(16_000, np.inf, np.float32),
    ],
    ids=['short', 'two axes', 'integers', 'infinite'],
)
def test_what_is_no_clip_is_not_stored(dataset: Dataset, clip: Samples) -> None:
    with pytest.raises(ValueError, match=r'expected|not finite'):
        dataset.add_clip(clip, 'stop', 0)
    with pytest.raises(ValueError, match='recording'):
        dataset.add_clip(noise(0), 'stop', 0, TOPIC, 'x' * 101)
    assert dataset.frames() == []
    assert medium_in(dataset.folder) is None


def test_pictures_and_sounds_do_not_mix(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='the dataset sounds holds sounds, no pictures'):
        dataset.add(np.zeros((4, 4, 3), np.uint8), 'mug', 0)
    dataset.add_clip(noise(0), 'stop', 0)
    dataset.close()
    with pytest.raises(ValueError, match='sounds holds sounds, no pictures; choose another name'):
        Dataset.open(tmp_path, 'sounds')
    with Dataset.open(tmp_path, 'kitchen') as kitchen:
        for add in (kitchen.add_clip, kitchen.add_sound):
            with pytest.raises(ValueError, match='the dataset kitchen holds pictures, no sounds'):
                add(noise(0), 'stop', 0)
        kitchen.add(np.zeros((4, 4, 3), np.uint8), 'mug', 0)
    with pytest.raises(ValueError, match='holds pictures, no sounds'):
        Dataset.open(tmp_path, 'kitchen', medium=SOUNDS)
    assert medium_in(tmp_path / 'kitchen') is IMAGES


def test_sentences_speak_of_clips(tmp_path: Path) -> None:
    with Dataset.open(tmp_path, 'sounds', 40_000, SOUNDS) as small:
        small.add_clip(noise(0), 'stop', 0)
        with pytest.raises(QuotaError, match='and the clip needs 32044'):
            small.add_clip(noise(1), 'stop', 0)
        with pytest.raises(ValueError, match='no clips have the label go'):
            small.delete('go')
        with pytest.raises(ValueError, match='there is no clip'):
            small.delete_frames(['stop/1.wav'])
    (small.folder / 'stop' / 'a.wav').write_bytes(b'RIFF')
    (small.folder / 'stop' / '0_0.wav').unlink()
    lost, new = read_frames(small.folder).problems
    assert lost.endswith('lists sounds that do not exist: stop/0_0.wav')
    assert new.endswith('does not list all sounds: stop/a.wav')


def test_a_dataset_of_sounds_can_be_deleted(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add_sound(noise(0, 2.0), 'background', 0)
    dataset.close()
    assert delete_dataset(tmp_path, 'sounds') == (2, [])
    assert not dataset.folder.exists()


RECORD = """
import sys
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.media.clips import SOUNDS
import numpy as np
dataset = Dataset.open(sys.argv[1], 'sounds', medium=SOUNDS)
noise = np.random.default_rng(0)
while True:
    clip = noise.uniform(-0.5, 0.5, 16000).astype(np.float32)
    print(dataset.add_clip(clip, 'stop', 1, '/audio', 'one').file, flush=True)
"""


def test_a_killed_recording_loses_at_most_the_clip_in_flight(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, '-c', RECORD, str(tmp_path)],
        cwd=PACKAGE_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(20)]
    process.kill()
    rest, err = process.communicate(timeout=HANGS_S)
    assert process.returncode == -signal.SIGKILL, err
    acknowledged = (''.join(said) + rest).split()
    with Dataset.open(tmp_path, 'sounds', medium=SOUNDS) as again:
        files = [clip.file for clip in again.frames()]
        assert len(acknowledged) >= 20
        assert files[: len(acknowledged)] == acknowledged
        assert len(files) - len(acknowledged) <= 1  # stored, but not reported yet
        assert {clip.recording for clip in again.frames()[: len(acknowledged)]} == {'one'}
        assert all(len(read_sound(clip.path)) == 16_000 for clip in again.frames())


@pytest.mark.parametrize('name', ['.1_0.wav.abcdefgh', '.1_0.png.abcdefgh'])
def test_leftovers_are_removed(dataset: Dataset, tmp_path: Path, name: str) -> None:
    dataset.add_clip(noise(0), 'stop', 0)
    dataset.close()
    left = dataset.folder / 'stop' / name
    left.write_bytes(b'RIFF')
    with Dataset.open(tmp_path, 'sounds', medium=SOUNDS) as again:
        assert len(again.frames()) == 1
    assert not left.exists()
