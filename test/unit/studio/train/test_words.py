"""What a run is doing, in words."""

from __future__ import annotations

from dataclasses import replace
import math
from types import SimpleNamespace
from typing import Any

from nn_perception.studio.train.feed import RunReading
from nn_perception.studio.train.words import duration, figures, memory, progress, state_words
from nn_perception.training.runs.records import (
    History,
    Rates,
    RunSettings,
    RunState,
    RunStatus,
)
import pytest

STATUS = RunStatus(
    RunState.RUNNING, '', Rates(), 1, 4, 15, 10, 960, 1234.0, 1.5, 2.5, 65.0, 0.0125
)
RUN: Any = SimpleNamespace(name='one', settings=RunSettings('a run', {}))


def test_states_are_sentences() -> None:
    assert state_words(STATUS) == 'Training.'
    assert state_words(replace(STATUS, state=RunState.PAUSED)) == 'Paused.'
    failed = replace(STATUS, state=RunState.FAILED, message='the loss is not a number')
    assert state_words(failed) == 'Failed: The loss is not a number.'


@pytest.mark.parametrize(
    ('status', 'share'),
    [
        (STATUS, 0.375),
        (replace(STATUS, epoch=4, step=40), 1.0),
        (replace(STATUS, epochs=0), 0.0),
        (replace(STATUS, steps_per_epoch=0), 0.0),
        # The batch size was changed: steps do not count in the epochs before.
        (replace(STATUS, step=300), 0.5),
    ],
)
def test_progress_stays_between_epochs(status: RunStatus, share: float) -> None:
    assert progress(status) == pytest.approx(share)


def test_figures_are_means_of_the_newest_points() -> None:
    history = History(
        loss=(2.0, *[0.5, 0.0] * 5),
        accuracy=(0.1, *[0.9] * 10),
        validation_accuracy=(0.5, 0.75),
        epochs=(1, 2),
    )
    found = figures(RunReading(RUN, STATUS, history))
    assert found['Loss'] == '0.25'
    assert found['Training accuracy'] == '90.0 %'
    assert found['Validation accuracy'] == '75.0 %'
    assert found['Forward'] == '1.5 ms'
    assert found['L2 loss (weight decay)'] == '0.0125'
    assert found['Examples a second'] == '1,234'
    paused = figures(RunReading(RUN, replace(STATUS, state=RunState.PAUSED), History()))
    assert paused['Examples a second'] == paused['Loss'] == '–'


def test_a_loss_that_is_no_number_is_named() -> None:
    found = figures(RunReading(RUN, STATUS, History(loss=(math.nan,), accuracy=(math.nan,))))
    assert (found['Loss'], found['Training accuracy']) == ('not a number', '–')


def test_durations_and_sizes() -> None:
    assert [duration(seconds) for seconds in (1.25, 61, 3720)] == [
        '1.2 s',
        '1 min 1 s',
        '1 h 2 min',
    ]
    assert [memory(size) for size in (3 * 1024**2, 2 * 1024**3)] == ['3.0 MB', '2.0 GB']
