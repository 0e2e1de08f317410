"""A lesson from frames to a version, in this process and in one of its own."""

from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path
import shutil
import subprocess
import sys

from nn_perception.core.imaging.image_files import read_image
from nn_perception.training.datasets.labelled_frames import read_samples
from nn_perception.training.fine_tuning.job import accuracy_on, FineTuningJob, teach
from nn_perception.training.model_store.store import ModelStore
import pytest

LABELS = ('cardboard', 'glass', 'metal')


@pytest.fixture
def lesson(test_data: Path, tmp_path: Path) -> FineTuningJob:
    for label in LABELS:
        (tmp_path / 'frames' / label).mkdir(parents=True)
        for path in sorted((test_data / 'fewshot_trashnet' / label).glob('*.jpg'))[:20]:
            shutil.copy(path, tmp_path / 'frames' / label)
    return FineTuningJob(tmp_path / 'frames', tmp_path / 'models', 'things')


def test_a_worse_version_is_stored_but_not_activated_unless_asked(lesson: FineTuningJob) -> None:
    store = ModelStore(lesson.store)
    first = teach(lesson)
    assert first.activated
    assert store.active_name('things') == first.version.version
    height, width, _ = read_image(first.version.folder / 'report.png').shape
    assert min(height, width) > 400
    # A network for digits tells little of photographs.
    worse = teach(replace(lesson, base='digit_cnn'))
    assert not worse.activated
    assert store.active_name('things') == first.version.version
    assert len(store.versions('things')) == 2
    before = worse.report['accuracy_of_the_active_one']
    assert worse.report['accuracy'] < before
    for accuracy in (worse.report['accuracy'], before):
        assert f'{accuracy:.1%}' in worse.message
    assert 'worse and was not activated' in worse.message
    forced = teach(replace(lesson, base='digit_cnn', activate=True))
    assert forced.activated
    assert store.active_name('things') == forced.version.version


def test_a_damaged_active_version_does_not_keep_one_from_being_taught(
    lesson: FineTuningJob,
) -> None:
    first = teach(lesson)
    first.version.checkpoint.write_bytes(b'nothing')
    assert teach(lesson).activated


def test_the_accuracy_is_that_of_the_tagger(lesson: FineTuningJob) -> None:
    taught = teach(lesson)
    samples = read_samples(lesson.dataset).samples
    everything = accuracy_on(taught.version.checkpoint, samples)
    assert everything > 0.8
    wrong = [replace(sample, label='something else') for sample in samples]
    assert accuracy_on(taught.version.checkpoint, wrong) == 0.0


def in_a_process(lesson: FineTuningJob) -> list[dict]:
    """Run a lesson as the node does, and give what it says."""
    finished = subprocess.run(
        [sys.executable, '-m', 'nn_perception.training.fine_tuning.job'],
        input=lesson.to_json() + '\n',
        capture_output=True,
        text=True,
        check=False,
    )
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_a_process_says_how_far_it_is_and_what_came_of_it(lesson: FineTuningJob) -> None:
    *progress, end = in_a_process(lesson)
    assert {entry['progress']['stage'] for entry in progress} >= {'frames', 'head'}
    assert end['taught']['activated']
    assert end['taught']['version']['labels'] == list(LABELS)
    active = ModelStore(lesson.store).active_name('things')
    assert end['taught']['version']['version'] == active


def test_a_process_says_why_nothing_can_be_learned(lesson: FineTuningJob, tmp_path: Path) -> None:
    (tmp_path / 'none').mkdir()
    assert list(in_a_process(replace(lesson, dataset=tmp_path / 'none'))[-1]) == ['error']
    assert not lesson.store.exists()
    for label in LABELS[1:]:
        shutil.rmtree(lesson.dataset / label)
    assert 'label' in in_a_process(lesson)[-1]['error']


def test_lessons_go_through_json_unchanged(lesson: FineTuningJob) -> None:
    assert FineTuningJob.from_json(lesson.to_json()) == lesson
