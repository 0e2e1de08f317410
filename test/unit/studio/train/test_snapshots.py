"""Runs that go on, and the names of their files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from nn_perception.studio.train.snapshots import file_name, resume
from nn_perception.training.runs.records import Rates, RunSettings, RunState, RunStatus
import pytest

STATUS = RunStatus(RunState.PAUSED, '', Rates(), 1, 3, 15, 10, 960, 0.0, 1.5, 2.5, 65.0)


@dataclass
class StillRun:
    """A run, and what is done with it."""

    status_: RunStatus
    settings: RunSettings = field(default_factory=lambda: RunSettings('a run', {}, epochs=3))
    done: list[Any] = field(default_factory=list)

    def status(self) -> RunStatus:
        return self.status_

    def resume(self) -> None:
        self.done.append('resume')

    def set_epochs(self, epochs: int) -> None:
        self.done.append(epochs)


@pytest.mark.parametrize(
    ('state', 'epoch', 'done'),
    [
        (RunState.PAUSED, 1, ['resume']),
        (RunState.FINISHED, 3, [6]),
        # Its process is started again, and waits.
        (RunState.ENDED, 1, ['resume']),
        (RunState.ENDED, 3, [6, 'resume']),
    ],
)
def test_a_run_goes_on(state: RunState, epoch: int, done: list[Any]) -> None:
    run = StillRun(replace(STATUS, state=state, epoch=epoch))
    resume(run)  # type: ignore[arg-type]
    assert run.done == done


def test_files_have_plain_names() -> None:
    assert file_name('LeNet-5, Adam') == 'LeNet-5-Adam.safetensors'
    assert file_name('../"; x') == 'x.safetensors'
    assert file_name('数字') == 'run.safetensors'
