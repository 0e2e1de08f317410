"""A fine-tuning job keeps the store small, and loses no version that is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
from nn_perception.training.fine_tuning.job import FineTuningJob
from nn_perception.training.fine_tuning.settings import FineTuneSettings
from nn_perception.training.model_store.store import ModelStore
import numpy as np
import pytest


@pytest.fixture
def job(tmp_path: Path) -> FineTuningJob:
    for number, label in enumerate(('cup', 'mug')):
        (tmp_path / 'frames' / label).mkdir(parents=True)
        for seed in range(4):
            image = np.random.default_rng(seed + 9 * number).integers(0, 256, (40, 40, 3))
            cv2.imwrite(str(tmp_path / 'frames' / label / f'{seed}.png'), image)
    return FineTuningJob(tmp_path / 'frames', tmp_path / 'models', 'things', 'digit_cnn')


def names(job: FineTuningJob) -> list[str]:
    """Names of the versions, oldest first."""
    return [version.version for version in reversed(ModelStore(job.store).versions(job.name))]


def run(job: FineTuningJob, times: int, **changes: object) -> list[str]:
    return [replace(job, activate=True, **changes).run().version for _ in range(times)]


def test_without_a_limit_all_versions_stay(job: FineTuningJob) -> None:
    trained = run(job, 4)
    assert names(job) == trained


def test_the_oldest_versions_are_deleted(job: FineTuningJob) -> None:
    trained = run(job, 5, store_limit=3)
    assert names(job) == trained[2:]
    store = ModelStore(job.store)
    assert store.active_name('things') == trained[4]
    assert store.previous('things') == trained[3]


def test_active_versions_are_never_deleted(job: FineTuningJob) -> None:
    first, _ = run(job, 2)
    store = ModelStore(job.store)
    store.activate('things', first)  # the one before it is the second
    for _ in range(4):
        # Another split, so that some of them are worse and not activated.
        result = replace(job, store_limit=2, settings=FineTuneSettings(seed=3)).run()
        kept = names(job)
        assert result.version in kept
        assert store.active_name('things') in kept
        assert store.previous('things') in kept
        assert len(kept) <= 3
    store.activate('things', store.previous('things') or '')


def test_a_limit_of_one_keeps_the_way_back(job: FineTuningJob) -> None:
    trained = run(job, 4, store_limit=1)
    assert names(job) == trained[2:]


def test_a_lower_limit_deletes_several(job: FineTuningJob) -> None:
    trained = run(job, 6)
    last = replace(job, activate=True, store_limit=4).run().version
    assert names(job) == [*trained[3:], last]


def test_versions_that_cannot_be_deleted_are_a_warning(
    job: FineTuningJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prune(self: ModelStore, name: str, keep: int) -> list[str]:
        raise PermissionError('the model cannot be changed')

    monkeypatch.setattr(ModelStore, 'prune', prune)
    run(job, 2)
    result = replace(job, activate=True, store_limit=1).run()
    assert result.activated
    assert 'old versions cannot be deleted: the model cannot be changed' in result.message


def test_a_font_that_cannot_be_drawn_costs_only_the_plots(
    job: FineTuningJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(*_: object) -> None:
        raise RuntimeError('could not set the font size')

    monkeypatch.setattr('nn_perception.training.fine_tuning.job.draw_report', draw)
    result = job.run()
    assert result.activated
    assert 'the report has no plots: could not set the font size.' in result.message


def test_the_message_is_made_of_sentences(job: FineTuningJob) -> None:
    (job.dataset / 'cup' / 'x.heic').write_bytes(b'picture')
    message = job.run().message
    assert 'the new version is active. cup/x.heic is left out: HEIC' in message
    assert "heif-convert. 'cup' has 4 frames; 10 or more are recommended. 'mug' has" in message
    assert message.endswith('.')
