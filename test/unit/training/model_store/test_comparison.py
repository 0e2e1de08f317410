"""Two versions of a model, side by side."""

from __future__ import annotations

from nn_perception.training.model_store.comparison import compare
from nn_perception.training.model_store.report import HeldOutFrame, TrainingReport
import pytest


def report(*held_out: str, listed: bool = True) -> TrainingReport:
    """Make a report; each held-out frame is its hash, its label and its prediction."""
    frames = tuple(HeldOutFrame(*words.split()) for words in held_out)
    labels = tuple(sorted({frame.label for frame in frames}))
    confusion = tuple(
        tuple(sum((f.label, f.predicted) == (row, column) for f in frames) for column in labels)
        for row in labels
    )
    right = [confusion[at][at] for at in range(len(labels))]
    return TrainingReport(
        labels=labels,
        accuracy=sum(right) / len(frames),
        recall=tuple(n / sum(row) for n, row in zip(right, confusion, strict=True)),
        confusion=confusion,
        held_out=frames if listed else (),
    )


BEFORE = report('a cup cup', 'b cup mug', 'c mug mug')


def test_the_same_frames_are_compared_directly() -> None:
    compared = compare(BEFORE, report('a cup cup', 'b cup cup', 'c mug mug'))
    assert compared.fair
    assert compared.difference == pytest.approx(1 / 3)
    assert (compared.shared, compared.shared_after) == (3, 1.0)
    cup, mug = compared.labels
    assert (cup.label, cup.before, cup.after, cup.difference) == ('cup', 0.5, 1.0, 0.5)
    assert (mug.examples_before, mug.examples_after, mug.difference) == (1, 1, 0.0)
    assert 'the same 3 held-out frames' in compared.sentence


def test_of_other_frames_only_those_of_both_are_compared() -> None:
    compared = compare(BEFORE, report('b cup cup', 'd mug cup', 'e pen pen'))
    assert not compared.fair
    assert (compared.shared, compared.shared_before, compared.shared_after) == (1, 0.0, 1.0)
    assert 'only the 1 frames' not in compared.sentence
    assert 'only 1 frame' in compared.sentence
    pen = compared.labels[-1]
    assert (pen.label, pen.before, pen.after, pen.difference) == ('pen', None, 1.0, None)


@pytest.mark.parametrize(
    ('after', 'words'),
    [
        (report('x cup cup', 'y mug mug'), 'measured on different frames, so'),
        (report('a cup cup', 'b cup mug', 'c mug mug', listed=False), 'does not list'),
        (report('a mug mug', 'b mug mug', 'c cup cup'), 'measured on different frames, so'),
        (TrainingReport(), 'does not list'),
    ],
)
def test_other_frames_are_no_direct_comparison(after: TrainingReport, words: str) -> None:
    compared = compare(BEFORE, after)
    assert (compared.fair, compared.shared, compared.shared_after) == (False, 0, None)
    assert words in compared.sentence
    assert 'cannot be compared directly' in compared.sentence


def test_an_unknown_accuracy_has_no_difference() -> None:
    assert compare(BEFORE, TrainingReport()).difference is None
