"""Charts with a table behind each, for those who cannot see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

GREY = '#868e96'
LINES = {
    'train_loss': ('loss, training', '#868e96', 0),
    'validation_loss': ('loss, held out', '#e8590c', 0),
    'train_accuracy': ('accuracy, training', '#4dabf7', 1),
    'validation_accuracy': ('accuracy, held out', '#0b7285', 1),
}
MAX_ROWS = 200


class Curves:
    """Loss and accuracy by epoch; hidden while there are no epochs."""

    def __init__(self) -> None:
        with ui.element('div').classes('nn-chart') as self._place:
            self._chart = ui.echart(_curve_options(())).classes('nn-echart')
            self._chart.props('role=img aria-label="Loss and accuracy by epoch; a table follows"')
            with ui.element('details'):
                with ui.element('summary'):
                    ui.label('As a table')
                self._table = ui.element('div').classes('nn-scroll')
        self._place.set_visibility(False)

    def show(self, history: Sequence[Mapping[str, float]]) -> None:
        """Show the epochs."""
        self._place.set_visibility(bool(history))
        self._chart.options.clear()
        self._chart.options.update(_curve_options(history))
        self._chart.update()
        self._table.clear()
        with self._table:
            rows = [
                [str(at), *(f'{epoch[name]:.3f}' for name in LINES)]
                for at, epoch in enumerate(history[:MAX_ROWS], 1)
            ]
            table(['epoch', *(words for words, _, _ in LINES.values())], rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Add a table; the first cell of a row is its head; without words, columns have no heads."""
    with ui.element('table').classes('nn-table'):
        if any(heads):
            with ui.element('thead'), ui.element('tr'):
                for head in heads:
                    with ui.element('th').props('scope=col'):
                        ui.label(head)
        with ui.element('tbody'):
            for row in rows:
                with ui.element('tr'):
                    for at, cell in enumerate(row):
                        with ui.element('td' if at else 'th').props('' if at else 'scope=row'):
                            ui.label(cell)


def _curve_options(history: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    axis = {'axisLabel': {'color': GREY}, 'splitLine': {'lineStyle': {'color': '#86868633'}}}
    return {
        'animation': False,
        'grid': {'left': 40, 'right': 40, 'top': 48, 'bottom': 28},
        'tooltip': {'trigger': 'axis'},
        'legend': {'textStyle': {'color': GREY, 'fontSize': 11}, 'itemWidth': 14, 'top': 0},
        'xAxis': {'type': 'category', 'data': list(range(1, len(history) + 1)), **axis},
        'yAxis': [
            {'type': 'value', 'min': 0, **axis},
            {'type': 'value', 'min': 0, 'max': 1, **axis, 'splitLine': {'show': False}},
        ],
        'series': [
            {
                'name': words,
                'type': 'line',
                'yAxisIndex': side,
                'showSymbol': len(history) < 30,
                'lineStyle': {'color': colour},
                'itemStyle': {'color': colour},
                'data': [round(epoch[name], 4) for epoch in history],
            }
            for name, (words, colour, side) in LINES.items()
        ],
    }
