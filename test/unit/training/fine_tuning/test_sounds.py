"""Fine-tuning on a few clips of sound: the same house as for pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import shutil

from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.datasets.checks import check_frames
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import embedding_key, EmbeddingCache
from nn_perception.training.datasets.labelled_frames import LabelledFrame, read_frames
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.fine_tuning.augmented_clips import augmented_copies, COPIES
from nn_perception.training.fine_tuning.fine_tune import fine_tune, Progress
from nn_perception.training.fine_tuning.job import FineTuningJob, JobResult
from nn_perception.training.fine_tuning.settings import FineTuneSettings
from nn_perception.training.model_store.comparison import compare
from nn_perception.training.model_store.relabel import rename_label, StoredModel
from nn_perception.training.model_store.report import TrainingReport
from nn_perception.training.model_store.store import active_checkpoint, ModelStore
import numpy as np
import pytest

LABELS = ('background', 'left', 'stop')
CLIPS = 8


@pytest.fixture(scope='module')
def sounds(test_data: Path) -> dict[str, list[Path]]:
    """The clips of each label; those of a speaker follow each other."""
    return {label: sorted((test_data / 'sounds' / label).glob('*.wav')) for label in LABELS}


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('sounds')


@pytest.fixture(scope='module')
def folder(root: Path, sounds: dict[str, list[Path]]) -> Path:
    for label, paths in sounds.items():
        (root / 'clips' / label).mkdir(parents=True)
        for path in paths[:CLIPS]:
            shutil.copy(path, root / 'clips' / label)
    return root / 'clips'


@pytest.fixture(scope='module')
def job(root: Path, folder: Path) -> FineTuningJob:
    return FineTuningJob(folder, root / 'store', 'words', SOUNDS.base)


@pytest.fixture(scope='module')
def progress() -> list[Progress]:
    return []


@pytest.fixture(scope='module')
def result(job: FineTuningJob, progress: list[Progress]) -> JobResult:
    return job.run(progress.append)


def test_the_stored_model_tells_new_speakers_apart(
    result: JobResult, job: FineTuningJob, sounds: dict[str, list[Path]]
) -> None:
    trained_on = {
        SOUNDS.recording_of(path.name) for paths in sounds.values() for path in paths[:8]
    }
    tagger = SoundTagger.open(active_checkpoint('store:words', job.store))
    try:
        right, known = [], []
        for label, paths in sounds.items():
            new = [
                path
                for path in paths[CLIPS:]
                if label == 'background' or SOUNDS.recording_of(path.name) not in trained_on
            ]
            scores = tagger.scores_of([SOUNDS.read(path) for path in new[:16]])
            named = [tagger.labels[at] for at in scores[:, : len(LABELS)].argmax(axis=1)]
            right += [name == label for name in named]
            known += [tagger.labels[at] != 'unknown' for at in scores.argmax(axis=1)]
    finally:
        tagger.close()
    assert tagger.labels == (*LABELS, 'unknown')
    assert len(right) > 40
    assert np.mean(right) >= 0.85
    assert np.mean(known) >= 0.8
    assert result.activated


def test_the_job_speaks_of_clips(result: JobResult, progress: list[Progress]) -> None:
    assert 'held-out clips are right; the new version is active.' in result.message
    assert "'stop' has 8 clips; 10 or more are recommended" in result.message
    assert 'frame' not in result.message
    assert {one.stage for one in progress} == {'frames', 'head'}
    report = TrainingReport.from_json(result.report)
    assert (report.medium, report.frames) == ('sound', dict.fromkeys(LABELS, CLIPS))
    assert compare(report, report).sentence.endswith('held-out clips.')


def test_the_same_seed_gives_the_same_model(folder: Path, result: JobResult) -> None:
    again = fine_tune(read_frames(folder).frames, SOUNDS.base)
    assert again.version == result.report['version']


def test_another_training_is_compared_with_the_active_version(
    result: JobResult, job: FineTuningJob
) -> None:
    store = ModelStore(job.store)
    second = FineTuningJob(job.dataset, job.store, 'words', SOUNDS.base, activate=True).run()
    assert f'with the active version {result.version}' in second.message
    assert second.report['accuracy_of_the_active_one'] == result.report['accuracy']
    assert store.roll_back('words').version == result.version


def test_a_label_is_renamed_in_clips_and_model(
    tmp_path: Path, result: JobResult, folder: Path
) -> None:
    store = ModelStore(tmp_path / 'store')
    version = store.add('words', result.checkpoint, result.report, '0' * 64)
    store.activate('words', version.version)
    with Dataset.open(tmp_path, 'clips', medium=SOUNDS) as dataset:
        for path in sorted((folder / 'stop').iterdir()):
            dataset.add_sound(SOUNDS.read(path), 'stop', 0)
        renamed = rename_label(dataset, StoredModel(store, 'words'), 'stop', 'halt')
    assert renamed.message.startswith('stop is halt now: 8 clips, and the active version')
    active = store.active('words')
    assert active is not None
    assert active.labels == ('background', 'left', 'halt')
    assert Checkpoint.read(active.checkpoint).hears


@pytest.mark.parametrize('unfreeze', ['last_block', 'all'])
def test_only_the_head_can_be_trained(folder: Path, unfreeze: str) -> None:
    with pytest.raises(ValueError, match='of a network for sounds, only the head can be trained'):
        fine_tune(read_frames(folder).frames, SOUNDS.base, FineTuneSettings(unfreeze))


def test_pictures_and_sounds_do_not_mix(
    tmp_path: Path, job: FineTuningJob, result: JobResult
) -> None:
    pictures = tmp_path / 'pictures'
    with Dataset.open(tmp_path, 'pictures') as dataset:
        for number in range(4):
            picture = np.full((8, 8, 3), 40 * number, np.uint8)
            dataset.add(picture, f'label {number % 2}', 0)
    with pytest.raises(
        ValueError, match='holds pictures, and sound_words is a network for sounds'
    ):
        FineTuningJob(pictures, job.store, 'other', SOUNDS.base).run()
    with pytest.raises(ValueError, match='holds sounds, and digit_cnn is a network for pictures'):
        FineTuningJob(job.dataset, job.store, 'other', 'digit_cnn').run()
    with pytest.raises(ValueError, match='the versions of words are not for pictures; choose'):
        FineTuningJob(pictures, job.store, 'words', 'digit_cnn').run()
    active = ModelStore(job.store).active('words')
    assert active is not None
    assert active.version == result.version


def copies_of(
    frames: Sequence[LabelledFrame], base: Checkpoint, training: Sequence[int], tmp_path: Path
) -> tuple[list[int], object]:
    data = check_frames(frames, base, EmbeddingCache(tmp_path / 'cache'))
    copies = augmented_copies(data, np.array(training, np.int64), 0)
    return copies.sources.tolist(), copies.embeddings


def test_copies_are_made_of_training_clips_alone(
    folder: Path, result: JobResult, tmp_path: Path
) -> None:
    """Neither another clip nor the noise of a held-out background is in them."""
    base, frames = Checkpoint.read(result.checkpoint), read_frames(folder).frames
    background = [at for at, frame in enumerate(frames) if frame.label == 'background']
    words = [at for at, frame in enumerate(frames) if frame.label != 'background'][:3]
    alone, plain = copies_of(frames, base, words, tmp_path)
    assert alone == [at for at in words for _ in range(COPIES)]
    _, noisy = copies_of(frames, base, [*words, *background[:4]], tmp_path)
    noisy = np.asarray(noisy)[: len(alone)]
    assert np.abs(noisy - np.asarray(plain)).max() > 1e-3
    # A clip that is gone has no copies.
    gone = tmp_path / 'clips'
    shutil.copytree(folder, gone)
    data = check_frames(read_frames(gone).frames, base, EmbeddingCache(tmp_path / 'cache'))
    data.frames[words[0]].path.unlink()
    left = augmented_copies(data, np.array(words, np.int64), 0)
    assert left.sources.tolist() == [at for at in words[1:] for _ in range(COPIES)]
    assert len(augmented_copies(data, np.array(words[:1], np.int64), 0).embeddings) == 0


def test_versions_share_the_embeddings_of_their_base(result: JobResult) -> None:
    base, version = find_checkpoint(SOUNDS.base), Checkpoint.read(result.checkpoint)
    assert embedding_key(base.for_fine_tuning()) == embedding_key(version)
