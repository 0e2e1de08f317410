"""The page says in words why nothing can be trained yet."""

from __future__ import annotations

from nn_perception.studio.backend.fine_tuning import FineTuningState
from nn_perception.studio.teach.errors import MAX_LENGTH, sentence
from nn_perception.studio.teach.panels.training_panel import obstacle
import pytest


@pytest.mark.parametrize(
    ('counts', 'words'),
    [
        ({}, 'two classes'),
        ({'mug': 40}, 'two classes'),
        ({'mug': 40, 'cup': 1}, 'two classes'),
        ({'mug': 40, 'cup': 2}, ''),
    ],
)
def test_two_classes_are_needed(counts: dict[str, int], words: str) -> None:
    found = obstacle(FineTuningState(counts=counts))
    assert words in found if words else found == ''


def test_the_reason_of_the_robot_comes_first() -> None:
    state = FineTuningState(reason='the fine_tuner is gone', counts={'mug': 2, 'cup': 2})
    assert obstacle(state) == 'the fine_tuner is gone'


@pytest.mark.parametrize(
    ('text', 'words'),
    [('the disk is full', 'The disk is full.'), ('Why?', 'Why?'), (OSError('no'), 'No.')],
)
def test_errors_become_sentences(text: str, words: str) -> None:
    assert sentence(text) == words


def test_sentences_are_never_empty_or_endless() -> None:
    assert sentence('')
    assert len(sentence('a' * 10_000)) <= MAX_LENGTH + 1
