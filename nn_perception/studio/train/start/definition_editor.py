"""The network of the next run: a preset, or its text, with its layers beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import json

from nicegui import ui
from nn_perception.core.networks.defined.definition import Definition, MAX_CHARACTERS, parse
from nn_perception.core.networks.defined.layers import Linear
from nn_perception.core.networks.defined.memory import check_size, estimate_memory
from nn_perception.core.networks.defined.presets import PRESETS
from nn_perception.studio.teach.errors import sentence
from nn_perception.studio.teach.panels.charts import table
from nn_perception.studio.train.words import memory
from nn_perception.training.runs.checks import MAX_TRAINING_BYTES
from nn_perception.training.runs.records import Rates

GREY_28, DIGITS = (1, 28, 28), 10
HEADS = ('layer', 'output', 'trainable weights')


@dataclass(frozen=True)
class Fit:
    """
    What the data ask of a network.

    :param shape: of its input
    :param classes: number of its outputs; 0: not known yet
    """

    shape: tuple[int, int, int] = GREY_28
    classes: int = DIGITS


def preset_text(name: str, fit: Fit) -> str:
    """Write a preset for an input and a number of classes, a layer a line."""
    layers = (*PRESETS[name].hidden, Linear(fit.classes or DIGITS))
    found = Definition(fit.shape, layers).to_json()
    lines = ',\n'.join(f'    {json.dumps(layer)}' for layer in found['layers'])
    return f'{{\n  "input": {json.dumps(found["input"])},\n  "layers": [\n{lines}\n  ]\n}}'


def check(text: str, fit: Fit, batch_size: int, optimizer: str) -> Definition:
    """
    Read the text of a network, and check that the data fit it.

    :raises ValueError: a sentence
    """
    found = parse(text, fit.classes or None)
    if tuple(found.input) != fit.shape:
        raise ValueError(
            f'the input must be {json.dumps(list(fit.shape))}, as the data are, '
            f'got {json.dumps(list(found.input))}'
        )
    check_size(found, batch_size, MAX_TRAINING_BYTES, optimizer)
    return found


class DefinitionEditor:
    """
    The network of the next run.

    :param on_title: called with the title of the preset that was chosen
    """

    def __init__(self, on_title: Callable[[str], None]) -> None:
        self._on_title = on_title
        self._preset, self._fit = next(iter(PRESETS)), Fit()
        self._batch_size, self._optimizer = Rates().batch_size, Rates().optimizer
        # What was written stays when another preset is looked at.
        self._written: dict[tuple[str, Fit], str] = {}
        self._checked: tuple[str, Fit, int, str] | None = None

    def add_chooser(self) -> None:
        """Add the list of presets."""
        titles = {name: preset.title for name, preset in PRESETS.items()}
        self._chooser = ui.select(titles, value=self._preset, label='Network')
        self._chooser.props('outlined dense options-dense').on_value_change(self._choose)
        self._sentence = ui.label(PRESETS[self._preset].sentence).classes('nn-sentence')

    def add_text(self) -> None:
        """Add the text, what is wrong with it, and the table of layers."""
        text = preset_text(self._preset, self._fit)
        self._text = ui.textarea('Network as JSON', value=text).classes('nn-definition')
        self._text.props(f'outlined spellcheck=false maxlength={MAX_CHARACTERS + 1}')
        self._text.props('debounce=250')
        self._text.on_value_change(self._on_text)
        self._error = ui.label().classes('nn-sentence nn-problem').props('role=status')
        ui.button('Back to the preset', icon='restart_alt', on_click=self._reset).props(
            'flat dense no-caps'
        )
        self._layers = ui.element('div').classes('nn-scroll').props('tabindex=0')
        self._layers.props('role=region aria-label="Layers of the network"')
        self._total = ui.label().classes('nn-sentence')
        self._show()

    @property
    def preset(self) -> str:
        """Name of the preset that was chosen."""
        return self._preset

    @property
    def title(self) -> str:
        """Title of the network, for people."""
        edited = self.text != preset_text(self._preset, self._fit)
        return f'{self.title_of(self._preset)}, edited' if edited else self.title_of(self._preset)

    def title_of(self, preset: str) -> str:
        """Return the title of a preset."""
        return PRESETS[preset].title

    @property
    def text(self) -> str:
        """What is written."""
        return str(self._text.value or '')

    def definition(self) -> Definition:
        """
        Return the network.

        :raises ValueError: a sentence, if it cannot be trained
        """
        return check(self.text, self._fit, self._batch_size, self._optimizer)

    def of_preset(self, name: str) -> Definition:
        """Return a preset, for the same data."""
        return parse(preset_text(name, self._fit))

    def fit(self, fit: Fit) -> None:
        """Follow the data: a preset follows them, what was written stays and is checked."""
        if fit != self._fit:
            edited = self.text != preset_text(self._preset, self._fit)
            self._fit = fit
            self._text.set_value(self.text if edited else self._known())
            self._show()

    def train_with(self, batch_size: int, optimizer: str) -> None:
        """Estimate the memory for other settings."""
        self._batch_size, self._optimizer = batch_size, optimizer
        self._show()

    def _known(self) -> str:
        found = self._written.get((self._preset, self._fit))
        return preset_text(self._preset, self._fit) if found is None else found

    def _choose(self) -> None:
        self._preset = str(self._chooser.value)
        preset = PRESETS[self._preset]
        self._sentence.set_text(preset.sentence)
        self._text.set_value(self._known())
        self._on_title(preset.title)

    def _on_text(self) -> None:
        self._written[self._preset, self._fit] = self.text
        self._show()

    def _reset(self) -> None:
        self._written.pop((self._preset, self._fit), None)
        self._text.set_value(preset_text(self._preset, self._fit))

    def _show(self) -> None:
        """Show the layers, or what is wrong."""
        wanted = self.text, self._fit, self._batch_size, self._optimizer
        if wanted == self._checked:
            return
        self._checked = wanted
        try:
            found = self.definition()
            needed = estimate_memory(found, self._batch_size, self._optimizer)
        except ValueError as error:
            self._error.set_text(sentence(error))
            self._layers.set_visibility(False)
            self._total.set_text('')
            return
        self._error.set_text('')
        self._layers.set_visibility(True)
        self._layers.clear()
        with self._layers:
            table(HEADS, rows(found))
        self._total.set_text(
            f'{found.parameters:,} weights; training needs about {memory(needed.total)} '
            f'for batches of {self._batch_size}.'
        )


def rows(definition: Definition) -> Sequence[Sequence[str]]:
    """Write the layers of a network for people."""
    first = ['input', ' x '.join(map(str, definition.input)), '0']
    return [
        first,
        *(
            [size.name, ' x '.join(map(str, size.shape)), f'{size.parameters:,}']
            for size in definition.sizes
        ),
    ]
