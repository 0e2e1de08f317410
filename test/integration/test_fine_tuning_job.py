"""A fine-tuning job from frames to a version, in this process and in one of its own."""

from __future__ import annotations

from dataclasses import replace
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
from typing import Any

from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.files.folders import WEIGHTS_FOLDER
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.export_cache import find_export
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception.training.fine_tuning.job import FineTuningJob, JobResult
from nn_perception.training.fine_tuning.job_process import FineTuningProcess
from nn_perception.training.fine_tuning.result import measure
from nn_perception.training.fine_tuning.settings import FineTuneSettings
from nn_perception.training.model_store.store import ModelStore
from patience import wait_until
import pytest

LABELS = ('cardboard', 'glass', 'metal')


@pytest.fixture
def job(test_data: Path, tmp_path: Path) -> FineTuningJob:
    for label in LABELS:
        (tmp_path / 'frames' / label).mkdir(parents=True)
        for path in sorted((test_data / 'fewshot_trashnet' / label).glob('*.jpg'))[:20]:
            shutil.copy(path, tmp_path / 'frames' / label)
    return FineTuningJob(tmp_path / 'frames', tmp_path / 'models', 'things')


def test_a_worse_version_is_activated_only_on_request(job: FineTuningJob) -> None:
    store = ModelStore(job.store)
    first = job.run()
    assert first.activated
    assert store.active_name('things') == first.version
    height, width, _ = read_image(first.checkpoint.with_name('report.png')).shape
    assert min(height, width) > 400
    # A network for digits knows little about photographs.
    worse = replace(job, base='digit_cnn').run()
    assert not worse.activated
    assert store.active_name('things') == first.version
    assert len(store.versions('things')) == 2
    before = worse.report['accuracy_of_the_active_one']
    assert worse.report['accuracy'] < before
    for accuracy in (worse.report['accuracy'], before):
        assert f'{accuracy:.1%}' in worse.message
    assert 'worse and was not activated' in worse.message
    forced = replace(job, base='digit_cnn', activate=True).run()
    assert forced.activated
    assert store.active_name('things') == forced.version


def test_a_damaged_active_version_does_not_prevent_a_new_one(job: FineTuningJob) -> None:
    first = job.run()
    first.checkpoint.write_bytes(b'nothing')
    assert job.run().activated


def test_the_accuracy_is_that_of_the_tagger(job: FineTuningJob) -> None:
    checkpoint = job.run().checkpoint
    frames = read_frames(job.dataset).frames
    accuracy = measure(checkpoint, frames)
    assert accuracy is not None
    assert accuracy > 0.8
    tagger = Tagger.open(str(checkpoint), RunOptions(device='cpu'))
    known = len(LABELS)
    right = [
        LABELS[int(tagger.scores(read_image(frame.path))[:known].argmax())] == frame.label
        for frame in frames
    ]
    # The tagger runs the head that has also seen the held-out frames.
    assert abs(sum(right) / len(right) - accuracy) <= 0.1
    wrong = [replace(frame, label='something else') for frame in frames]
    assert measure(checkpoint, wrong) == 0.0


def test_a_trained_backbone_is_exported_before_a_tagger_needs_it(job: FineTuningJob) -> None:
    settings = FineTuneSettings('last_block', max_epochs=1)
    result = replace(job, base='digit_cnn', settings=settings).run()
    assert find_export(Checkpoint.read(result.checkpoint).without_head()) is not None


def run_process(job: FineTuningJob) -> list[dict[str, Any]]:
    """Run a job as the node does, and return its messages."""
    finished = subprocess.run(
        [sys.executable, '-m', 'nn_perception.training.fine_tuning.job_process'],
        input=job.to_json() + '\n',
        capture_output=True,
        text=True,
        check=False,
    )
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_a_process_reports_progress_and_result(job: FineTuningJob) -> None:
    *progress, trained, end = run_process(job)
    assert trained == {'trained': True}
    assert {entry['progress']['stage'] for entry in progress} >= {'frames', 'head'}
    assert end['result']['activated']
    assert end['result']['labels'] == list(LABELS)
    assert end['result']['version'] == ModelStore(job.store).active_name('things')


def test_a_process_says_why_frames_cannot_be_trained_on(
    job: FineTuningJob, tmp_path: Path
) -> None:
    (tmp_path / 'none').mkdir()
    assert list(run_process(replace(job, dataset=tmp_path / 'none'))[-1]) == ['error']
    assert not job.store.exists()
    for label in LABELS[1:]:
        shutil.rmtree(job.dataset / label)
    assert 'label' in run_process(job)[-1]['error']


def test_the_parent_gets_the_result(job: FineTuningJob) -> None:
    progress: list[dict[str, Any]] = []
    ends: list[JobResult | str] = []
    process = FineTuningProcess(job, progress.append, ends.append)
    process.process.wait(60)
    process.join()
    (result,) = ends
    assert isinstance(result, JobResult)
    assert result.checkpoint.is_file()
    assert result.labels == LABELS
    assert progress[0]['stage'] == 'frames'


def test_everything_is_private_and_nothing_is_imported_from_the_current_folder(
    job: FineTuningJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started_in = tmp_path / 'started in'
    started_in.mkdir()
    for name in ('safetensors', 'numpy', 'torch', 'sitecustomize', 'matplotlibrc'):
        (started_in / f'{name}.py').write_text('raise SystemExit(f"{__name__} was run")')
    monkeypatch.chdir(started_in)
    # Paths of a user, who knows nothing of the other folder of the process.
    shutil.move(job.dataset, started_in / 'frames')
    job = replace(job, dataset=Path('frames'), store=Path('models'), base='./base.safetensors')
    shutil.copy(WEIGHTS_FOLDER / 'digit_cnn.safetensors', 'base.safetensors')
    monkeypatch.setenv('NN_PERCEPTION_CACHE', 'cache')
    ends: list[JobResult | str] = []
    before = os.umask(0)
    try:
        process = FineTuningProcess(job, lambda _: None, ends.append)
        assert Path(f'/proc/{process.process.pid}/cwd').resolve() != started_in
        process.process.wait(60)
        process.join()
    finally:
        os.umask(before)
    assert isinstance(ends[0], JobResult), ends
    for root in ('models', 'cache'):
        found = [Path(root), *Path(root).rglob('*')]
        assert {path.stat().st_mode & 0o777 for path in found if path.is_file()} == {0o600}
        assert {path.stat().st_mode & 0o777 for path in found if path.is_dir()} == {0o700}
    assert Path('models/things').is_dir()


@pytest.mark.parametrize('how', ['kill', pytest.param('end', marks=pytest.mark.long)])
def test_no_temporary_files_are_left(
    job: FineTuningJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'temporary'))
    (tmp_path / 'temporary').mkdir()
    process = FineTuningProcess(job, lambda _: None, lambda _: None)
    (own,) = (tmp_path / 'temporary').iterdir()
    if how == 'kill':
        wait_until(lambda: any(own.iterdir()) or process.process.poll() is not None)
        process.cancel()
    process.process.wait(60)
    process.join()
    assert list((tmp_path / 'temporary').iterdir()) == []


@pytest.mark.parametrize('how', ['cancel', 'crash'])
def test_the_parent_is_told_when_there_is_no_result(job: FineTuningJob, how: str) -> None:
    ends: list[JobResult | str] = []
    process = FineTuningProcess(job, lambda _: None, ends.append)
    if how == 'cancel':
        assert process.cancel()
    else:
        process.process.kill()
    process.join()
    expected = 'the job was cancelled' if how == 'cancel' else 'ended with status -9, by signal 9'
    assert expected in str(ends[0])
    assert len(ends) == 1


class CancelledAtTheEnd(FineTuningProcess):
    """Is cancelled when the training is complete, and again when its result may be stored."""

    cancels: list[bool]

    def _let_it_store(self) -> None:
        self.cancels = [self.cancel()]
        super()._let_it_store()
        self.cancels.append(self.cancel())


def test_a_job_that_is_cancelled_before_it_stores_changes_nothing(job: FineTuningJob) -> None:
    ends: list[JobResult | str] = []
    process = CancelledAtTheEnd(replace(job, base='digit_cnn'), lambda _: None, ends.append)
    process.process.wait(60)
    process.join()
    assert process.cancels == [True, True]
    assert ends == ['the job was cancelled; nothing has changed']
    assert not job.store.exists()
    assert process.cancel()  # it still is


class CancelledTooLate(FineTuningProcess):
    """Is cancelled when its result may be stored."""

    cancels: list[bool]

    def _let_it_store(self) -> None:
        super()._let_it_store()
        self.cancels = [self.cancel()]


@pytest.mark.parametrize('how', ['cancel', pytest.param('stop', marks=pytest.mark.long)])
def test_a_job_that_stores_its_result_is_not_cancelled(job: FineTuningJob, how: str) -> None:
    ends: list[JobResult | str] = []
    process = CancelledTooLate(replace(job, base='digit_cnn'), lambda _: None, ends.append)
    if how == 'stop':
        wait_until(lambda: hasattr(process, 'cancels'))
        process.stop()
    else:
        process.process.wait(60)
        process.join()
    assert process.cancels == [False]
    assert not process.cancel()
    # A node that ends does not wait for the plots of the report.
    assert isinstance(ends[0], JobResult) or 'may be complete and active' in ends[0]
    assert ModelStore(job.store).active_name('things')


# Python prints what ends a thread.
@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_a_job_ends_whatever_its_listener_does(job: FineTuningJob) -> None:
    ends: list[JobResult | str] = []

    def fail(_: dict[str, Any]) -> None:
        raise RuntimeError('the publisher is gone')

    process = FineTuningProcess(replace(job, base='digit_cnn'), fail, ends.append)
    process.process.wait(60)
    process.join()
    assert ends == ['the training process ended with status -9, by signal 9']
    assert not job.store.exists()


def test_jobs_are_unchanged_by_json(job: FineTuningJob) -> None:
    assert FineTuningJob.from_json(job.to_json()) == job
