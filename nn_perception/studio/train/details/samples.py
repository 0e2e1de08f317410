"""Test samples of a run, and what it says about them while it trains."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nicegui.element import Element
from nn_perception.studio.studio import Studio
from nn_perception.studio.train.details.run_detail import ask, labels_and_count, RunDetail
from nn_perception.studio.train.feed import RunReading
from nn_perception.studio.train.selection import RunSelection
from nn_perception.training.runs.records import Prediction

MODULES = str(Path(__file__).with_name('modules'))
SHOWN, LATEST = 20, 200
NEXT, PREVIOUS = 'next', 'previous'


class SampleGrid(Element, component='sample_grid.js', esm={'nn-details': MODULES}):
    """Test samples as pictures, each with its three best labels."""


class Latest:
    """Whether the test samples that were looked at last are right."""

    def __init__(self) -> None:
        self._right: OrderedDict[int, bool] = OrderedDict()

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Add predictions; one of a sample that is there already takes its place."""
        for one in predictions:
            self._right.pop(one.index, None)
            self._right[one.index] = is_right(one)
        while len(self._right) > LATEST:
            self._right.popitem(last=False)

    @property
    def words(self) -> str:
        """Say how many are right."""
        right, total = sum(self._right.values()), len(self._right)
        share = f'{100 * right / total:.1f} %' if total else ''
        return f'{share} right: {right} of the last {total} looked at' if total else ''


class Samples(RunDetail):
    """
    Twenty test samples at a time.

    :param selection: the run
    :param _studio: what all views share
    """

    def __init__(self, selection: RunSelection, _studio: Studio) -> None:
        super().__init__(selection)
        self._first, self._moves = 0, False
        self._count = 0
        self._labels: tuple[str, ...] = ()
        self._latest = Latest()
        self._grid = SampleGrid()
        self._grid.on('turn', lambda event: self._turn(event.args))
        self._grid.on('moves', lambda event: self._set_moves(event.args is True))
        self.forget()

    def forget(self) -> None:
        """Show no samples."""
        self._first, self._count, self._latest = 0, 0, Latest()
        self._send(run='', samples=[], words='')

    async def refresh(self, reading: RunReading) -> None:
        """Ask for the samples that are shown, or the next ones."""
        run = reading.run
        if not self._count:
            labels, count = await labels_and_count(run)
            if not self.is_selected(reading):
                return
            self._labels, self._count = labels, count
        elif self._moves:
            self._turn(NEXT)
        first = self._first
        wanted = range(first, min(first + SHOWN, self._count))
        predictions = await ask(run.predictions, wanted)
        if not self.is_selected(reading) or first != self._first:
            self.ask_anew()
            return
        self._latest.add(predictions)
        rows = [sample_row(one, self._labels) for one in predictions]
        place = f'Test samples {first:,} to {first + len(rows) - 1:,} of {self._count:,}'
        self._send(
            run=reading.name,
            samples=rows,
            words=self._latest.words,
            place=place,
            moves=self._moves,
        )

    def _turn(self, way: object) -> None:
        pages = max(1, -(-self._count // SHOWN))
        step = {NEXT: 1, PREVIOUS: -1}.get(str(way), 0)
        self._first = (self._first // SHOWN + step) % pages * SHOWN
        self.ask_anew()

    def _set_moves(self, moves: bool) -> None:
        self._moves = moves

    def _send(self, **values: Any) -> None:
        self._grid.props.update(values)
        self._grid.update()


def is_right(one: Prediction) -> bool:
    """Whether a prediction is right."""
    return one.top[0] == one.truth


def sample_row(one: Prediction, labels: Sequence[str]) -> dict[str, Any]:
    """Describe a sample for the browser."""
    return {
        'index': one.index,
        'truth': labels[one.truth],
        'right': is_right(one),
        'top': [
            {'label': labels[label], 'score': round(score, 4), 'truth': label == one.truth}
            for label, score in zip(one.top, one.scores, strict=True)
        ],
    }
