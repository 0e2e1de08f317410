"""Start: what the next run trains, on what, and how."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
import contextlib
from dataclasses import replace

from nicegui import ui
from nn_perception.studio.teach.calls import attempt, attempt_quietly
from nn_perception.studio.teach.errors import sentence
from nn_perception.studio.train.fields import (
    EPOCHS,
    GOOD_RATES,
    LIMIT,
    OPTIMIZERS,
    RATE_RULES,
    SEED,
)
from nn_perception.studio.train.number_field import NumberField
from nn_perception.studio.train.start.definition_editor import DefinitionEditor, Fit
from nn_perception.training.runs.checks import PLAIN, TRAIN_DIGITS, TRAIN_DIGITS_RATES
from nn_perception.training.runs.data.catalog import (
    available_data,
    AvailableData,
    download_data,
    GENERATED_DIGITS,
)
from nn_perception.training.runs.records import Rates, RunSettings

MNIST = 'mnist'
RECIPES = {
    PLAIN: 'Plain: cross entropy and the settings above',
    TRAIN_DIGITS: 'As the command train-digits does it',
}
# Networks that the command trains.
DIGIT_NETWORKS = ('cnn', 'mlp')
MAX_TITLE = 80
COMPARED_OPTIMIZERS = ('momentum', 'adam')
COMPARED_NETWORKS = ('mlp', 'lenet5')

Start = Callable[[Sequence[RunSettings]], Awaitable[None]]


class StartPanel:
    """
    What the next run trains, and the button that starts it.

    :param start: starts runs, and says what does not work
    """

    def __init__(self, start: Start) -> None:
        self._start_runs = start
        self._data: dict[str, AvailableData] = {}
        self._editor = DefinitionEditor(lambda _: self._show_recipe())
        with ui.element('section').classes('nn-card nn-start').props('aria-label="New run"'):
            ui.html('<h2>New run</h2>', sanitize=False)
            self._editor.add_chooser()
            self._add_data()
            self._button = ui.button('Start', icon='play_arrow', on_click=self._start)
            self._button.props('size=lg no-caps').classes('nn-start-button')
            with ui.element('div').classes('nn-row'):
                self._add_comparisons()
            with ui.expansion('Settings', icon='tune').classes('nn-expansion'):
                self._add_settings()
            with ui.expansion('Network as text', icon='schema').classes('nn-expansion'):
                self._editor.add_text()
        ui.timer(0.0, self._find_data, once=True)

    def _add_data(self) -> None:
        self._chooser = ui.select({}, label='Data').props('outlined dense options-dense')
        self._chooser.on_value_change(self._choose_data)
        self._words = ui.label('Looking for data …').classes('nn-sentence').props('role=status')
        self._download = ui.button('Download it', icon='download', on_click=self._get_data)
        self._download.props('outline no-caps').set_visibility(False)

    def _add_comparisons(self) -> None:
        optimizers = ui.button('Compare optimizers', on_click=self._compare_optimizers)
        first, second = (OPTIMIZERS[name] for name in COMPARED_OPTIMIZERS)
        optimizers.tooltip(f'Two runs with the same seed: {first} and {second}')
        networks = ui.button('Compare MLP and CNN', on_click=self._compare_networks)
        networks.tooltip('Two runs with the same data and seed: linear layers and convolutions')
        for button in (optimizers, networks):
            button.props('outline no-caps dense').classes('nn-compare')

    def _add_settings(self) -> None:
        rates = Rates()
        with ui.element('div').classes('nn-fields'):
            self._optimizer = ui.select(OPTIMIZERS, value=rates.optimizer, label='Optimizer')
            self._optimizer.props('outlined dense options-dense')
            self._optimizer.on_value_change(self._choose_optimizer)
            self._rates = {
                name: NumberField(rule, getattr(rates, name), lambda _: self._estimate())
                for name, rule in RATE_RULES.items()
            }
            self._epochs = NumberField(EPOCHS, 10)
            self._seed = NumberField(SEED, 0)
            self._limit = NumberField(LIMIT, 0)
            self._limit.tooltip('0: all of them')
        self._recipe = ui.select(RECIPES, value=PLAIN, label='Recipe')
        self._recipe.props('outlined dense options-dense')
        self._recipe.on_value_change(self._choose_recipe)
        self._recipe_words = ui.label().classes('nn-sentence')
        self._title = ui.input('Title (optional)').props(f'outlined dense maxlength={MAX_TITLE}')
        self._show_recipe()

    def settings(self) -> RunSettings:
        """
        Return what is chosen.

        :raises ValueError: a sentence, if it cannot be trained
        """
        values = {name: field.value for name, field in self._rates.items()}
        rates = Rates(
            optimizer=str(self._optimizer.value),
            learning_rate=values['learning_rate'],
            momentum=values['momentum'],
            batch_size=int(values['batch_size']),
            weight_decay=values['weight_decay'],
        )
        chosen = self._data.get(str(self._chooser.value))
        if chosen is None:
            raise ValueError('choose the data first')
        if chosen.reason:
            raise ValueError(chosen.reason)
        recipe = str(self._recipe.value)
        if recipe == TRAIN_DIGITS and self._editor.preset not in DIGIT_NETWORKS:
            raise ValueError('only the networks of the digit reader are trained by this recipe')
        definition = self._editor.definition()
        return RunSettings(
            title=str(self._title.value or '').strip()[:MAX_TITLE] or self._plain_title(rates),
            network=definition.to_json(),
            data=chosen.name,
            recipe=recipe,
            rates=rates,
            epochs=int(self._epochs.value),
            seed=int(self._seed.value),
            limit=int(self._limit.value),
        )

    def _plain_title(self, rates: Rates) -> str:
        return f'{self._editor.title}, {OPTIMIZERS[rates.optimizer]}'

    async def _start(self) -> None:
        await self._start_all(lambda: [self.settings()])

    async def _compare_optimizers(self) -> None:
        def pair() -> Sequence[RunSettings]:
            chosen = replace(self.settings(), recipe=PLAIN)
            return [
                replace(
                    chosen,
                    title=f'{self._editor.title}, {OPTIMIZERS[name]}',
                    rates=replace(chosen.rates, optimizer=name, learning_rate=GOOD_RATES[name]),
                )
                for name in COMPARED_OPTIMIZERS
            ]

        await self._start_all(pair)

    async def _compare_networks(self) -> None:
        def pair() -> Sequence[RunSettings]:
            chosen = replace(self.settings(), recipe=PLAIN)
            return [
                replace(
                    chosen,
                    title=self._editor.title_of(name),
                    network=self._editor.of_preset(name).to_json(),
                )
                for name in COMPARED_NETWORKS
            ]

        await self._start_all(pair)

    async def _start_all(self, make: Callable[[], Sequence[RunSettings]]) -> None:
        try:
            wanted = make()
        except ValueError as error:
            ui.notify(sentence(error), type='negative', multi_line=True, close_button='Close')
            return
        # Pressed twice by mistake, it starts once.
        self._button.disable()
        try:
            await self._start_runs(wanted)
        finally:
            self._button.enable()

    async def _find_data(self) -> None:
        found = await attempt_quietly(available_data)
        if found is None:
            self._words.set_text('The data cannot be listed; reload the page to try again.')
            return
        self._data = {one.name: one for one in found}
        titles = {
            one.name: f'{one.title} (not usable)' if one.reason else one.title for one in found
        }
        usable = [one.name for one in found if not one.reason]
        wanted = str(self._chooser.value or '')
        if wanted not in usable:
            wanted = MNIST if MNIST in usable else GENERATED_DIGITS
        self._chooser.set_options(titles, value=wanted)
        self._choose_data()

    def _choose_data(self) -> None:
        chosen = self._data.get(str(self._chooser.value))
        if chosen is None:
            return
        self._download.set_visibility(chosen.can_download)
        if chosen.reason:
            self._words.set_text(sentence(chosen.reason))
            return
        self._words.set_text(
            f'{chosen.training:,} samples to train with, {chosen.validation:,} to validate, '
            f'{chosen.test:,} to test; {len(chosen.labels)} classes.'
        )
        self._editor.fit(Fit(chosen.shape, len(chosen.labels)))

    async def _get_data(self) -> None:
        name = str(self._chooser.value)
        self._download.disable()
        self._words.set_text('Downloading …')
        try:
            await attempt(download_data, name)
        finally:
            self._download.enable()
        await self._find_data()
        self._chooser.set_value(name)

    def _choose_optimizer(self) -> None:
        self._rates['learning_rate'].show(GOOD_RATES[str(self._optimizer.value)])
        self._estimate()

    def _estimate(self) -> None:
        """Estimate the memory with what is chosen now."""
        with contextlib.suppress(ValueError):
            batch_size = int(self._rates['batch_size'].value)
            self._editor.train_with(batch_size, str(self._optimizer.value))

    def _choose_recipe(self) -> None:
        """Use the settings of the recipe."""
        rates = TRAIN_DIGITS_RATES if self._recipe.value == TRAIN_DIGITS else Rates()
        self._optimizer.set_value(rates.optimizer)
        for name, field in self._rates.items():
            field.show(getattr(rates, name))
        self._estimate()

    def _show_recipe(self) -> None:
        usable = self._editor.preset in DIGIT_NETWORKS
        self._recipe.set_enabled(usable)
        if not usable:
            self._recipe.set_value(PLAIN)
        self._recipe_words.set_text(
            'With train-digits, the weights equal those of the command for the same seed and data.'
            if usable
            else 'The networks of the digit reader can also be trained as train-digits does it.'
        )
