"""Loss and accuracy of all runs that are shown, by batch and by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math

from nicegui import ui
from nn_perception.studio.train.charts.curves import Axes, Curves, Line
from nn_perception.studio.train.feed import RunReading
from nn_perception.studio.train.run_list import Colors
from nn_perception.training.runs.records import History

X_AXES = {'examples': 'examples seen', 'seconds': 'seconds of training'}
HINT = 'solid: held-out samples; dashed: training'


class CurvesPanel:
    """
    The graphs of the runs that are shown.

    :param colors: of the runs
    """

    def __init__(self, colors: Colors) -> None:
        self._colors = colors
        self._x = 'examples'
        self._made: dict[str, tuple[History, str, Mapping[str, Sequence[Line]]]] = {}
        self._readings: Sequence[RunReading] = ()
        with ui.element('section').classes('nn-card').props('aria-label=Curves'):
            with ui.element('div').classes('nn-row'):
                ui.html('<h2>Curves</h2>', sanitize=False).classes('nn-grow')
                self._add_tools()
            self._legend = ui.element('ul').classes('nn-legend')
            self._named: Sequence[tuple[str, str]] = ()
            with ui.element('div').classes('nn-graphs'):
                x = X_AXES[self._x]
                self._graphs = {
                    'loss': Curves(Axes('Loss by batch', x, 'loss')),
                    'accuracy': Curves(Axes('Training accuracy', x, 'accuracy', percent=True)),
                    'epoch_loss': Curves(Axes('Loss by epoch', 'epoch', 'loss', hint=HINT)),
                    'epoch_accuracy': Curves(
                        Axes('Accuracy by epoch', 'epoch', 'accuracy', percent=True, hint=HINT)
                    ),
                }

    def _add_tools(self) -> None:
        self._axis = ui.select(X_AXES, value=self._x, label='Axis', on_change=self._choose_axis)
        self._axis.props('outlined dense options-dense').classes('nn-axis')
        ui.switch('Smooth', on_change=lambda event: self._smooth(event.value))
        ui.switch('Log scale', on_change=lambda event: self._scale(event.value))
        clear = ui.button('Clear graph', icon='clear_all', on_click=self._clear)
        clear.props('flat no-caps').tooltip('Show only what comes from now on')
        ui.button('Show all', icon='unfold_more', on_click=self._restore).props('flat no-caps')

    def show(self, readings: Sequence[RunReading]) -> None:
        """Show the curves of these runs."""
        self._readings = readings
        made = {one.name: self._lines(one) for one in readings}
        self._made = {name: self._made[name] for name in made}
        for key, graph in self._graphs.items():
            graph.show([line for lines in made.values() for line in lines[key]])
        self._name([(_title(one), self._colors.of(one.name)) for one in readings])

    def _name(self, named: Sequence[tuple[str, str]]) -> None:
        """Say which colour is which run."""
        if named == self._named:
            return
        self._named = named
        self._legend.clear()
        with self._legend:
            for title, color in named:
                with ui.element('li'):
                    ui.element('span').style(f'background: {color}').props('aria-hidden=true')
                    ui.label(title)

    def _lines(self, reading: RunReading) -> Mapping[str, Sequence[Line]]:
        """Make the lines of a run, unless nothing has changed."""
        color = self._colors.of(reading.name)
        mark = self._x + color
        history, made, lines = self._made.get(reading.name, (None, '', {}))
        if history is not reading.history or made != mark:
            lines = lines_of(reading, color, self._x)
            self._made[reading.name] = reading.history, mark, lines
        return lines

    def _choose_axis(self) -> None:
        self._x = str(self._axis.value)
        for key in ('loss', 'accuracy'):
            self._graphs[key].view(xName=X_AXES[self._x])
            self._graphs[key].restore()
        self.show(self._readings)

    def _smooth(self, wanted: bool) -> None:
        for key in ('loss', 'accuracy'):
            self._graphs[key].view(smooth=wanted)

    def _scale(self, log: bool) -> None:
        for key in ('loss', 'epoch_loss'):
            self._graphs[key].view(log=log)

    def _clear(self) -> None:
        for graph in self._graphs.values():
            graph.clear_graph()

    def _restore(self) -> None:
        for graph in self._graphs.values():
            graph.restore()


def lines_of(reading: RunReading, color: str, x: str) -> Mapping[str, Sequence[Line]]:
    """
    Return the curves of a run, by the graph that they belong to.

    :param x: ``examples`` or ``seconds``
    """
    name, title = reading.name, _title(reading)
    history = reading.history
    along = history.examples if x == 'examples' else history.seconds

    def line(y: Sequence[float], *, epochs: bool = False, dashed: bool = False) -> Line:
        part = 'training' if dashed else 'held out'
        return Line(
            id=f'{name} {part}' if epochs else name,
            name=f'{title}, {part}' if epochs else title,
            color=color,
            x=history.epochs if epochs else along,
            y=finite(y),
            dashed=dashed,
        )

    return {
        'loss': [line(history.loss)],
        'accuracy': [line(history.accuracy)],
        'epoch_loss': [
            line(history.validation_loss, epochs=True),
            line(history.train_loss, epochs=True, dashed=True),
        ],
        'epoch_accuracy': [
            line(history.validation_accuracy, epochs=True),
            line(history.train_accuracy, epochs=True, dashed=True),
        ],
    }


def _title(reading: RunReading) -> str:
    return reading.settings.title or reading.name


def finite(values: Sequence[float]) -> Sequence[float | None]:
    """Leave gaps where values are not finite numbers."""
    return tuple(value if math.isfinite(value) else None for value in values)
