"""The list of runs: which of them are in the graph, and which one is looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from nicegui import ui
from nn_perception.studio.train.feed import RunReading
from nn_perception.studio.train.snapshots import SNAPSHOT
from nn_perception.studio.train.words import STATES
from nn_perception.training.runs.records import RunState

# Distinguishable in light and dark, and by people who see fewer colours.
COLORS = (
    '#0b9db5',
    '#e8590c',
    '#9c5fe0',
    '#2f9e44',
    '#e64980',
    '#c99a00',
    '#4c6ef5',
    '#868e96',
)
CONTINUED = (RunState.PAUSED, RunState.FINISHED, RunState.FAILED, RunState.ENDED)
NO_RUNS = 'Runs appear here. They train in processes of their own and go on when this page closes.'

Action = Callable[[str], Awaitable[None] | None]


@dataclass(frozen=True)
class RunActions:
    """
    What is done with a run of the list; each gets its name.

    :param open: look at it
    :param toggle: show it in the graph, or not
    :param resume: let it go on
    :param delete: delete it
    """

    open: Action
    toggle: Action
    resume: Action
    delete: Action


class Colors:
    """Colours of runs: each keeps its own, neighbours differ."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}

    def follow(self, names: Sequence[str]) -> None:
        """
        Give colours to new runs, and take those of deleted ones back.

        :param names: of all runs, the newest first
        """
        self._taken = {name: one for name, one in self._taken.items() if name in names}
        for name in reversed(names):
            if name not in self._taken:
                used = list(self._taken.values())
                self._taken[name] = min(COLORS, key=used.count)

    def of(self, name: str) -> str:
        """Return the colour of a run."""
        return self._taken.get(name, COLORS[-1])


class RunList:
    """
    The list of runs.

    :param actions: what is done with them
    :param colors: of their curves
    """

    def __init__(self, actions: RunActions, colors: Colors) -> None:
        self._actions, self._colors = actions, colors
        self._rows: dict[str, _Row] = {}
        self._empty = ui.label(NO_RUNS).classes('nn-sentence')
        self._place = ui.element('ul').classes('nn-runs')

    def show(self, readings: Sequence[RunReading], selected: str, shown: Sequence[str]) -> None:
        """
        Show the runs.

        :param selected: name of the run that is looked at
        :param shown: names of the runs in the graph
        """
        names = [one.name for one in readings]
        self._colors.follow(names)
        self._empty.set_visibility(not names)
        if names != list(self._rows):
            self._place.clear()
            with self._place:
                self._rows = {
                    one.name: _Row(one, self._colors.of(one.name), self._actions)
                    for one in readings
                }
        for one in readings:
            self._rows[one.name].show(one, one.name == selected, one.name in shown)


class _Row:
    """A run of the list."""

    def __init__(self, reading: RunReading, color: str, actions: RunActions) -> None:
        name, title = reading.name, reading.settings.title or reading.name
        with ui.element('li').classes('nn-run') as self._place:
            self._shown = ui.checkbox().props('dense color=none')
            self._shown.props['aria-label'] = f'In the graph: {title}'
            self._shown.style(f'color: {color}')
            # Of people only, not when it follows what is shown.
            self._shown.on('update:model-value', partial(actions.toggle, name), [])
            with ui.element('button').classes('nn-run-open').props('type=button') as self._open:
                with ui.element('span').classes('nn-run-name'):
                    ui.label(title)
                self._state = ui.label().classes('nn-soft')
            self._open.on('click', partial(actions.open, name), [])
            self._add_menu(name, title, actions)

    def _add_menu(self, name: str, title: str, actions: RunActions) -> None:
        button = ui.button(icon='more_vert', color=None).props('flat round dense')
        button.props['aria-label'] = f'More: {title}'
        address = f'{SNAPSHOT}/{quote(name)}'
        with button, ui.menu().props('role=menu'):
            self._resume = _item('Continue', partial(actions.resume, name))
            _item('Save a snapshot', lambda: ui.download.from_url(address))
            _item('Delete', partial(actions.delete, name)).classes('nn-problem')

    def show(self, reading: RunReading, selected: bool, shown: bool) -> None:
        """Show what has changed."""
        status = reading.status
        words = f'{STATES[status.state]}, {status.epoch} of {status.epochs} epochs done'
        if self._state.text != words:
            self._state.set_text(words)
        if self._shown.value != shown:
            self._shown.set_value(shown)
        if self._open.props.get('aria-current') != str(selected).lower():
            self._open.props(f'aria-current={str(selected).lower()}')
        _set_visibility(self._resume, status.state in CONTINUED)


def _item(words: str, action: Callable[[], Any]) -> ui.menu_item:
    return ui.menu_item(words, action).props('role=menuitem')


def _set_visibility(element: Any, visible: bool) -> None:
    if element.visible != visible:
        element.set_visibility(visible)
