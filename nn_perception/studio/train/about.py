"""What a run was started with."""

from __future__ import annotations

from nicegui import ui
from nn_perception.core.networks.defined.definition import parse
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.errors import sentence
from nn_perception.studio.teach.panels.charts import table
from nn_perception.studio.train.fields import OPTIMIZERS
from nn_perception.studio.train.selection import RunSelection
from nn_perception.studio.train.start.definition_editor import HEADS, rows
from nn_perception.training.runs.records import RunSettings


class About:
    """
    What the selected run was started with.

    :param selection: the run
    :param _studio: what all views share
    """

    def __init__(self, selection: RunSelection, _studio: Studio) -> None:
        self._selection = selection
        self._shown: RunSettings | None = None
        self._place = ui.element('div').classes('nn-about')

    async def show(self) -> None:
        """Show the settings of the run, once for each run."""
        reading = self._selection.reading
        if reading is None or reading.settings == self._shown:
            return
        self._shown = reading.settings
        self._place.clear()
        with self._place:
            with ui.element('div').classes('nn-scroll'):
                table(['setting', 'at the start'], facts(reading.settings))
            with ui.element('div').classes('nn-scroll'):
                try:
                    table(HEADS, rows(parse(reading.settings.network)))
                except ValueError as error:
                    ui.label(sentence(error)).classes('nn-sentence nn-problem')


def facts(settings: RunSettings) -> list[list[str]]:
    """Write settings for people."""
    rates = settings.rates
    return [
        ['data', settings.data],
        ['training samples', 'all' if settings.limit == 0 else f'at most {settings.limit:,}'],
        ['recipe', settings.recipe],
        ['optimizer', OPTIMIZERS.get(rates.optimizer, rates.optimizer)],
        ['learning rate', f'{rates.learning_rate:g}'],
        ['momentum', f'{rates.momentum:g}'],
        ['batch size', str(rates.batch_size)],
        ['weight decay', f'{rates.weight_decay:g}'],
        ['epochs', str(settings.epochs)],
        ['seed', str(settings.seed)],
    ]
