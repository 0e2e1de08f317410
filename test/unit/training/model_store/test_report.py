"""Reports of trainings: of this version, of earlier ones, and damaged ones."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nn_perception.training.epoch import Epoch
from nn_perception.training.model_store.report import TrainingReport, with_renamed_label
import pytest

EPOCH = asdict(Epoch(1, 0.5, 0.75, 0.25, 1.0, 3.5))
# As the first version of the package wrote it.
OLD: dict[str, Any] = {
    'labels': ['cup', 'mug'],
    'examples': 3,
    'errors': 1,
    'accuracy': 2 / 3,
    'recall': [1.0, 0.5],
    'precision': [0.5, 1.0],
    'confusion': [[1, 0], [1, 1]],
    'frames': {'cup': 6, 'mug': 9},
    'temperature': 0.7,
}
NEW = OLD | {
    'held_out': [
        {'sha256': 'aa', 'label': 'cup', 'predicted': 'cup'},
        {'sha256': 'bb', 'label': 'mug', 'predicted': 'cup'},
        {'sha256': 'cc', 'label': 'mug', 'predicted': 'mug'},
    ],
    'epochs': [EPOCH],
    'warnings': ["'cup' has 6 frames; 10 or more are recommended"],
    'settings': {'unfreeze': 'head', 'seed': 3},
    'seconds': 2,
    'accuracy_of_the_active_one': None,
    'from_the_future': {'anything': 1},
}


def test_a_report_is_read() -> None:
    report = TrainingReport.from_json(NEW)
    assert report.labels == ('cup', 'mug')
    assert report.confusion == ((1, 0), (1, 1))
    assert report.examples == {'cup': 1, 'mug': 2}
    assert report.epochs == (Epoch(1, 0.5, 0.75, 0.25, 1.0, 3.5),)
    assert report.settings['seed'] == 3
    assert report.seconds == 2.0
    assert report.accuracy_of_the_active_one is None
    assert report.frames_of('mug', 'cup') == ('bb',)
    assert report.frames_of('cup', 'mug') == ()


def test_an_old_report_is_read() -> None:
    report = TrainingReport.from_json(OLD)
    assert report.accuracy == pytest.approx(2 / 3)
    assert report.held_out == ()
    assert report.epochs == ()
    assert report.trained_with is None
    assert TrainingReport.from_json({}).examples == {}


@pytest.mark.parametrize(
    'change',
    [
        {'labels': 'cup'},
        {'labels': [1, 2]},
        {'accuracy': 'high'},
        {'accuracy': float('nan')},
        {'accuracy': True},
        {'recall': [1.0]},
        {'confusion': [[1, 0]]},
        {'confusion': [[1], [2]]},
        {'confusion': [[1, 0], [1, -1]]},
        {'held_out': [{'sha256': 'aa'}]},
        {'held_out': [7]},
        {'held_out': {'sha256': 'aa'}},
        {'epochs': [{'epoch': 1}]},
        {'epochs': [EPOCH | {'train_loss': 'nan'}]},
        {'epochs': [EPOCH | {'epoch': 1.5}]},
        {'frames': ['cup']},
        {'frames': {'cup': 'many'}},
        {'settings': 7},
        {'warnings': [None]},
        {'seconds': [1]},
    ],
)
def test_a_damaged_report_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match='the report is damaged'):
        TrainingReport.from_json(NEW | change)


def test_a_label_is_renamed() -> None:
    renamed = with_renamed_label(NEW, 'mug', 'Becher')
    report = TrainingReport.from_json(renamed)
    assert report.labels == ('cup', 'Becher')
    assert report.frames == {'cup': 6, 'Becher': 9}
    assert report.frames_of('Becher', 'cup') == ('bb',)
    assert renamed['from_the_future'] == NEW['from_the_future']
    assert NEW['labels'] == ['cup', 'mug']
    assert with_renamed_label({}, 'mug', 'Becher') == {}
