"""How a run does on all test samples, before and after training."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nicegui.element import Element
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.studio.train.details.run_detail import ask, RunDetail, whole_number
from nn_perception.studio.train.details.samples import sample_row
from nn_perception.studio.train.feed import RunReading
from nn_perception.studio.train.selection import RunSelection
from nn_perception.training.runs.records import Evaluation
from nn_perception.training.runs.run import Run

MODULES = str(Path(__file__).with_name('modules'))
MAX_WORST, MAX_EXAMPLES = 20, 40
# A matrix of more classes is no picture any more.
MAX_CLASSES = 60


class EvaluationView(Element, component='evaluation_view.js', esm={'nn-details': MODULES}):
    """Accuracy by class, confusion matrix and worst mistakes."""


class Results(RunDetail):
    """
    Evaluations of the selected run: the newest one, and the one before training.

    :param selection: the run
    :param _studio: what all views share
    """

    def __init__(self, selection: RunSelection, _studio: Studio) -> None:
        super().__init__(selection)
        self._before: Evaluation | None = None
        self._now: Evaluation | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._view = EvaluationView()
        self._view.on('cell', lambda event: self._choose(event.args))
        self.forget()

    def forget(self) -> None:
        """Show no evaluation."""
        self._before = self._now = None
        self._send(run='', now=None, before=None, worst=[], examples=None)

    async def refresh(self, reading: RunReading) -> None:
        """Ask for the newest evaluation."""
        run = reading.run
        if self._now is None:
            self.say('Evaluating all test samples …')
        before, now = self._before, await ask(run.evaluate)
        if before is None:
            before = await _before(run)
        known = self._now is not None and self._now == now and self._before == before
        if known or not self.is_selected(reading):
            return
        worst = await ask(run.predictions, now.worst[:MAX_WORST])
        if not self.is_selected(reading):
            return
        self._before, self._now = before, now
        self._send(
            run=reading.name,
            now=evaluation_values(now),
            before=evaluation_values(before) if before else None,
            worst=[sample_row(one, now.labels) for one in worst],
        )

    def _choose(self, cell: object) -> None:
        """Show the examples of a cell."""
        reading, now = self._selection.reading, self._now
        if reading is None or now is None or not isinstance(cell, dict):
            return
        last = len(now.labels) - 1
        truth = whole_number(cell.get('truth'), 0, last)
        prediction = whole_number(cell.get('prediction'), 0, last)
        if truth is None or prediction is None:
            return
        task = asyncio.create_task(self._show_examples(reading, now, truth, prediction))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _show_examples(
        self, reading: RunReading, now: Evaluation, truth: int, prediction: int
    ) -> None:
        try:
            indices = await ask(reading.run.examples, truth, prediction, MAX_EXAMPLES)
            found = await ask(reading.run.predictions, indices)
        except ERRORS as error:
            self.say(sentence(error), problem=True)
            return
        count = now.confusion[truth][prediction]
        words = cell_words(now, truth, prediction)
        if count > len(found):
            words += f', the first {len(found)}'
        if self.is_selected(reading):
            rows = [sample_row(one, now.labels) for one in found]
            self._send(examples={'words': words, 'samples': rows})

    def _send(self, **values: Any) -> None:
        self._view.props.update(values)
        self._view.update()


async def _before(run: Run) -> Evaluation | None:
    """Return the evaluation before training; a run that has ended may have none."""
    try:
        return await ask(run.evaluate, before_training=True)
    except RuntimeError:
        return None


def cell_words(one: Evaluation, truth: int, prediction: int) -> str:
    """Say what a cell of the confusion matrix holds."""
    count = one.confusion[truth][prediction]
    samples = 'sample' if count == 1 else 'samples'
    return f'truth {one.labels[truth]}, prediction {one.labels[prediction]}: {count:,} {samples}'


def evaluation_values(one: Evaluation) -> dict[str, Any]:
    """Describe an evaluation for the browser."""
    kept = range(min(len(one.labels), MAX_CLASSES))
    return {
        'step': one.step,
        'accuracy': one.accuracy,
        'total': sum(map(sum, one.confusion)),
        'labels': [one.labels[at] for at in kept],
        'more': len(one.labels) - len(kept),
        'classes': [class_values(one.confusion, at) for at in kept],
        'confusion': [list(one.confusion[at][: len(kept)]) for at in kept],
    }


def class_values(confusion: Sequence[Sequence[int]], at: int) -> dict[str, float]:
    """Return the accuracy of a class, and of how many samples."""
    count = sum(confusion[at])
    return {'right': confusion[at][at], 'count': count, 'share': confusion[at][at] / max(count, 1)}
