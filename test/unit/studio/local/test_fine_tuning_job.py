"""The progress of a job, as the page shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nn_perception.studio.local import fine_tuning_job
from nn_perception.studio.local.fine_tuning_job import LocalJob
from nn_perception.training.fine_tuning.job import FineTuningJob, JobResult
import pytest

JOB = FineTuningJob(dataset=Path('dataset'), store=Path('store'), name='taught')


class FakeProcess:
    """Stands for the child process."""

    def __init__(self, job: FineTuningJob, on_progress: Any, on_end: Any) -> None:
        self.job, self.on_progress, self.on_end = job, on_progress, on_end
        self.storing = False
        LAST.append(self)

    def cancel(self) -> bool:
        return not self.storing

    def stop(self) -> None:
        self.on_end('stopped')


LAST: list[FakeProcess] = []


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    LAST.clear()
    monkeypatch.setattr(fine_tuning_job, 'FineTuningProcess', FakeProcess)


def progress(epoch: int, loss: float) -> dict[str, Any]:
    metrics = dict.fromkeys(fine_tuning_job.METRICS, loss)
    return {'stage': 'network', 'done': 0.5, 'epoch': {**metrics, 'epoch': epoch, 'seconds': 1.0}}


def test_an_epoch_appears_once() -> None:
    job = LocalJob(lambda: None)
    job.start(JOB)
    assert (job.state.running, job.state.stage) == (True, 'start')
    LAST[0].on_progress({'stage': 'frames', 'done': 0.25, 'epoch': None})
    assert (job.state.stage, job.state.progress, job.state.history) == ('frames', 0.25, ())
    for number, loss in ((1, 0.9), (1, 0.8), (2, 0.5)):
        LAST[0].on_progress(progress(number, loss))
    assert [epoch['train_loss'] for epoch in job.state.history] == [0.8, 0.5]


def test_the_end_of_a_job() -> None:
    versions: list[str] = []
    job = LocalJob(lambda: versions.append('new'))
    job.start(JOB)
    LAST[0].on_progress(progress(1, 0.9))
    LAST[0].on_end(JobResult('v1', Path('file'), ('a', 'b'), True, 'it is active', {}))
    assert (job.state.running, job.state.succeeded, job.state.version) == (False, True, 'v1')
    assert len(job.state.history) == 1
    assert versions == ['new']
    job.start(JOB)
    assert job.state.history == ()
    LAST[1].on_end('memory ran out')
    assert (job.state.succeeded, job.state.message, versions) == (False, 'memory ran out', ['new'])


def test_what_comes_late_from_an_earlier_job_is_ignored() -> None:
    job = LocalJob(lambda: None)
    job.start(JOB)
    LAST[0].on_end('cancelled')
    job.start(JOB)
    LAST[0].on_progress(progress(1, 0.9))
    assert (job.state.running, job.state.history) == (True, ())


def test_a_version_that_is_being_stored_is_not_cancelled() -> None:
    job = LocalJob(lambda: None)
    job.start(JOB)
    LAST[0].storing = True
    with pytest.raises(ValueError, match='is being stored'):
        job.cancel()
