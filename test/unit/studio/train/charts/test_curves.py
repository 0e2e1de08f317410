"""Only new points go to the browser."""

from __future__ import annotations

from dataclasses import replace
import math
from types import SimpleNamespace
from typing import Any

from nn_perception.studio.train.charts.curves import Line, part
from nn_perception.studio.train.charts.curves_panel import finite, lines_of
from nn_perception.studio.train.feed import RunReading
from nn_perception.training.runs.records import History, Rates, RunSettings, RunState, RunStatus

LINE = Line('one', 'One', '#123456', (1, 2, 3), (0.5, 0.4, 0.3))
STATUS = RunStatus(RunState.RUNNING, '', Rates(), 0, 2, 5, 10, 320, 1000.0, 1.0, 2.0, 0.5)


def test_a_new_line_is_sent_whole() -> None:
    assert part(LINE, None) == {
        'id': 'one',
        'name': 'One',
        'color': '#123456',
        'dashed': False,
        'from': 0,
        'x': [1, 2, 3],
        'y': [0.5, 0.4, 0.3],
    }


def test_what_grew_is_sent() -> None:
    grown = replace(LINE, x=(1, 2, 3, 4), y=(0.5, 0.4, 0.3, 0.2))
    sent = part(grown, LINE)
    assert (sent['from'], sent['x'], sent['y']) == (3, [4], [0.2])


def test_what_changed_is_sent_from_there() -> None:
    # The run thinned its curve, or was reset.
    thinned = replace(LINE, x=(1, 3, 4), y=(0.5, 0.35, 0.2))
    assert (part(thinned, LINE)['from'], part(thinned, LINE)['x']) == (1, [3, 4])
    reset = replace(LINE, x=(), y=())
    assert (part(reset, LINE)['from'], part(reset, LINE)['x']) == (0, [])
    last = replace(LINE, y=(0.5, 0.4, 0.1))
    assert (part(last, LINE)['from'], part(last, LINE)['y']) == (2, [0.1])


def test_values_that_are_no_numbers_are_gaps() -> None:
    assert finite((1.0, math.nan, math.inf)) == (1.0, None, None)


def test_a_run_has_lines_in_four_graphs() -> None:
    run: Any = SimpleNamespace(name='one', settings=RunSettings('a run', {}))
    history = History(
        examples=(64, 128),
        seconds=(0.1, 0.2),
        loss=(2.0, 1.0),
        accuracy=(0.1, 0.5),
        epochs=(1,),
        train_loss=(1.5,),
        train_accuracy=(0.3,),
        validation_loss=(1.0,),
        validation_accuracy=(0.6,),
    )
    lines = lines_of(RunReading(run, STATUS, history), 'red', 'seconds')
    assert lines['loss'][0].x == (0.1, 0.2)
    assert lines['accuracy'][0].y == (0.1, 0.5)
    held_out, training = lines['epoch_accuracy']
    assert (held_out.y, held_out.dashed, training.y, training.dashed) == (
        (0.6,),
        False,
        (0.3,),
        True,
    )
    assert len({line.id for line in lines['epoch_loss']}) == 2
    assert lines_of(RunReading(run, STATUS, history), 'red', 'examples')['loss'][0].x == (64, 128)
