"""The run that is looked at: what it is doing, and how it is steered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from nicegui import ui
from nn_perception.studio.teach.calls import confirmed, done
from nn_perception.studio.train.feed import RunFeed, RunReading
from nn_perception.studio.train.fields import EPOCHS, OPTIMIZERS, RATE_RULES
from nn_perception.studio.train.number_field import NumberField
from nn_perception.studio.train.selection import RunSelection
from nn_perception.studio.train.snapshots import resume
from nn_perception.studio.train.words import figures, progress, state_words, STEERED
from nn_perception.training.runs.checks import TRAIN_DIGITS
from nn_perception.training.runs.records import Rates, RunState

# What can be changed in a run that trains as the command does.
FREE_IN_TRAIN_DIGITS = ('learning_rate', 'batch_size')
WHOLE = ('batch_size',)
NO_RUN = 'No run yet. Press Start: a network learns at once, and its curves appear here.'


class SteeringPanel:
    """
    What the selected run is doing, and how it is steered.

    :param selection: the run
    :param feed: asks it
    """

    def __init__(self, selection: RunSelection, feed: RunFeed) -> None:
        self._selection, self._feed = selection, feed
        with ui.element('section').classes('nn-card') as self._section:
            self._section.props('aria-label="Selected run"')
            self._title = ui.label(NO_RUN).classes('nn-run-title').props('role=heading')
            self._title.props('aria-level=2')
            with ui.element('div').classes('nn-steering') as self._place:
                self._state = ui.label().classes('nn-sentence').props('role=status')
                self._bar = ui.linear_progress(0.0, show_value=False, size='8px')
                self._bar.props('aria-label="Progress of the run" instant-feedback')
                self._add_buttons()
                self._figures = _Figures()
                self._add_rates()
        self._place.set_visibility(False)
        self._shown: Rates | None = None

    def _add_buttons(self) -> None:
        with ui.element('div').classes('nn-row'):
            self._pause = _button('Pause', 'pause', self._toggle)
            self._step = _button('One step', 'skip_next', lambda: self._tell('step'))
            self._reset = _button('Reset', 'replay', self._begin_again)
            self._end = _button('End', 'stop', self._end_run)
            self._continue = _button('Continue', 'play_arrow', self._go_on)
        self._pause.tooltip('Stop after this step; the next press goes on')
        self._step.tooltip('Do one step, and pause')
        self._reset.tooltip('Begin again with new weights of the same seed')
        self._continue.tooltip('Go on from where it is; if all epochs are done, for as many again')
        self._end.tooltip('Store the results and end its process')

    def _add_rates(self) -> None:
        ui.label('Settings that act at once').classes('nn-heading')
        rates = Rates()
        with ui.element('div').classes('nn-fields'):
            self._optimizer = ui.select(OPTIMIZERS, value=rates.optimizer, label='Optimizer')
            self._optimizer.props('outlined dense options-dense')
            self._optimizer.on_value_change(self._choose_optimizer)
            self._fields = {
                name: NumberField(rule, getattr(rates, name), partial(self._change, name))
                for name, rule in RATE_RULES.items()
            }
            self._epochs = NumberField(EPOCHS, 10, self._change_epochs)
        ui.label('Press Enter or leave the field; it acts from the next step on.').classes(
            'nn-sentence'
        )

    def scroll_into_view(self) -> None:
        """Bring it into the window, where that is small."""
        ui.run_javascript(
            f'getHtmlElement({self._section.id}).scrollIntoView({{block: "nearest"}})'
        )

    def show(self) -> None:
        """Show what the selected run reported last."""
        reading = self._selection.reading
        self._place.set_visibility(reading is not None)
        if reading is None:
            _set(self._title, 'Asking the run …' if self._selection.name else NO_RUN)
            return
        status = reading.status
        _set(self._title, reading.settings.title or reading.name)
        _set(self._state, state_words(status))
        problem = status.state is RunState.FAILED
        self._state.classes(
            add='nn-problem' if problem else '', remove='' if problem else 'nn-problem'
        )
        self._bar.set_value(round(progress(status), 3))
        self._show_buttons(status.state)
        self._figures.show(figures(reading))
        self._show_rates(reading)

    def _show_buttons(self, state: RunState) -> None:
        paused = state is RunState.PAUSED
        words, icon = ('Resume', 'play_arrow') if paused else ('Pause', 'pause')
        if self._pause.text != words:
            self._pause.set_text(words)
            self._pause.set_icon(icon)
        for button, usable in (
            (self._pause, state in (RunState.RUNNING, RunState.PAUSED)),
            (self._step, state in (RunState.RUNNING, RunState.PAUSED)),
            (self._reset, state in STEERED),
            (self._end, state in STEERED),
        ):
            if button.enabled != usable:
                button.set_enabled(usable)
        goes_on = state in (RunState.FINISHED, RunState.FAILED, RunState.ENDED)
        if self._continue.visible != goes_on:
            self._continue.set_visibility(goes_on)

    def _show_rates(self, reading: RunReading) -> None:
        alive = reading.status.state in STEERED
        free = alive and reading.settings.recipe != TRAIN_DIGITS
        for name, field in self._fields.items():
            field.set_enabled(free or (alive and name in FREE_IN_TRAIN_DIGITS))
            field.show(getattr(reading.status.rates, name))
        self._epochs.set_enabled(alive)
        self._epochs.show(reading.status.epochs)
        if self._optimizer.enabled != free:
            self._optimizer.set_enabled(free)
        if self._shown != reading.status.rates:
            self._shown = reading.status.rates
            self._optimizer.set_value(reading.status.rates.optimizer)

    async def _toggle(self) -> None:
        reading = self._selection.reading
        if reading is not None:
            paused = reading.status.state is RunState.PAUSED
            await self._tell('resume' if paused else 'pause')

    async def _tell(self, command: str) -> None:
        reading = self._selection.reading
        if reading is not None:
            await done(getattr(reading.run, command))
            await self._ask()

    async def _go_on(self) -> None:
        reading = self._selection.reading
        if reading is not None:
            await done(resume, reading.run)
            await self._ask()

    async def _begin_again(self) -> None:
        question = 'Begin again? The weights and curves of this run are discarded.'
        if await confirmed(question, 'Reset'):
            await self._tell('reset')

    async def _end_run(self) -> None:
        question = 'End this run? Its results stay; Continue starts it from where it is.'
        if await confirmed(question, 'End'):
            await self._tell('end')

    async def _choose_optimizer(self) -> None:
        reading = self._selection.reading
        wanted = str(self._optimizer.value)
        if reading is not None and wanted != reading.status.rates.optimizer:
            await self._set_rates(reading, optimizer=wanted)

    async def _change(self, name: str, value: float) -> None:
        reading = self._selection.reading
        if reading is not None:
            await self._set_rates(reading, **{name: int(value) if name in WHOLE else value})

    async def _change_epochs(self, value: float) -> None:
        reading = self._selection.reading
        if reading is not None:
            await done(reading.run.set_epochs, int(value))
            await self._ask()

    async def _set_rates(self, reading: RunReading, **changes: Any) -> None:
        """Change settings of the run, beginning with those that it has now."""

        def change() -> None:
            reading.run.set_rates(replace(reading.run.status().rates, **changes))

        if not await done(change):
            # Show what the run has again.
            self._shown = None
        await self._ask()

    async def _ask(self) -> None:
        """Show what a command has changed, before the next round."""
        self._feed.forget()
        name = self._selection.name
        reading = await self._feed.read(name)
        if reading is not None and name == self._selection.name:
            self._selection.reading = reading
            self.show()


class _Figures:
    """Names and numbers side by side."""

    def __init__(self) -> None:
        self._place = ui.element('dl').classes('nn-figures')
        self._values: dict[str, ui.label] = {}

    def show(self, values: dict[str, str]) -> None:
        """Show numbers by their names; always the same names."""
        if not self._values:
            with self._place:
                for name in values:
                    with ui.element('div'):
                        with ui.element('dt'):
                            ui.label(name)
                        with ui.element('dd'):
                            self._values[name] = ui.label()
        for name, value in values.items():
            _set(self._values[name], value)


def _button(words: str, icon: str, on_click: Callable[[], Any]) -> ui.button:
    return ui.button(words, icon=icon, on_click=on_click).props('outline no-caps')


def _set(label: ui.label, words: str) -> None:
    if label.text != words:
        label.set_text(words)
