"""Train: settings, progress, and why it cannot begin."""

from __future__ import annotations

from nicegui import ui
from nn_perception.studio.backend.fine_tuning import FineTuning, FineTuningState, JobState
from nn_perception.studio.teach.calls import done
from nn_perception.studio.teach.errors import sentence
from nn_perception.studio.teach.panels.charts import Curves
from nn_perception.studio.teach.taught import PICTURES, Taught
from nn_perception.training.fine_tuning.settings import FineTuneSettings, HEAD

STAGES = {
    'start': 'Starting',
    'frames': 'Looking at the {items}',
    'head': 'Training the head',
    'network': 'Training the network',
    'report': 'Measuring on held-out {items}',
}


def obstacle(state: FineTuningState, items: str = PICTURES.items) -> str:
    """Say why nothing can be trained yet; empty if it can."""
    if state.reason:
        return state.reason
    usable = [label for label, count in state.counts.items() if count > 1]
    if len(usable) < 2:
        return f'training needs two classes with two {items} each, better twenty'
    return ''


def _result(job: JobState, items: str) -> str:
    """Say how a job ended; the problems of the frames are in the report."""
    if not job.succeeded:
        return sentence(job.message)
    first, _, problems = job.message.partition('. ')
    more = f' What the {items} lack is written under the hood.' if problems else ''
    return sentence(first) + more


class TrainingPanel:
    """
    The button Train and what belongs to it.

    :param fine_tuning: runs the job
    :param taught: what is taught
    """

    def __init__(self, fine_tuning: FineTuning, taught: Taught = PICTURES) -> None:
        self._fine_tuning = fine_tuning
        self._taught = taught
        self._shown: JobState | None = None
        with ui.element('section').classes('nn-card').props('aria-label=Training'):
            ui.html('<h2>Train</h2>', sanitize=False)
            with ui.element('div').classes('nn-row'):
                self._train = ui.button('Train', icon='model_training', on_click=self._start)
                self._cancel = ui.button('Cancel', on_click=self._stop).props('outline')
            self._words = ui.label().classes('nn-sentence').props('role=status')
            self._bar = ui.linear_progress(0.0, show_value=False, size='8px')
            self._bar.props('aria-label="Progress of the training" instant-feedback')
            self._curves = Curves()
            with ui.expansion('Advanced', icon='tune').classes('nn-expansion'):
                self._build_settings()

    def _build_settings(self) -> None:
        depths, items = dict(self._taught.depths), self._taught.items
        self._depth = ui.select(depths, value=HEAD, label='Depth').props('outlined dense')
        _explain('How much of the network learns; the rest stays as it was.')
        self._epochs = _number('Epochs', 0, 0, 1000, '%d')
        _explain(f'How often it goes through the {items}, except for the head; 0: a good default.')
        self._rate = _number('Learning rate', 0.0, 0.0, 1.0, None)
        _explain('How far each step goes, except for the head; 0: a good default.')
        self._fraction = _number('Held-out share', 0.2, 0.05, 0.5, '%.2f')
        _explain(f'The share of the {items} that it does not learn from, to measure itself.')
        self._seed = _number('Seed', 0, 0, 2**31 - 1, '%d')
        _explain(f'The same seed and {items} give the same result.')

    async def show(self, state: FineTuningState) -> None:
        """Show the job."""
        items = self._taught.items
        job, why = state.job, obstacle(state, items)
        self._train.set_enabled(not job.running and not why)
        self._train.set_visibility(not job.running)
        self._cancel.set_visibility(job.running)
        self._bar.set_visibility(job.running)
        if job.running:
            words = STAGES.get(job.stage, job.stage).format(items=items)
            epochs = f', epoch {len(job.history)}' if job.history else ''
            self._say(f'{words}{epochs}: {round(100 * job.progress)} %', good=None)
            self._bar.set_value(round(job.progress, 3))
        elif why:
            self._say(sentence(why), good=None)
        elif job.message:
            self._say(_result(job, items), good=job.succeeded)
        else:
            self._say('', good=None)
        if self._shown is None or self._shown.history != job.history:
            self._curves.show(job.history)
        self._shown = job

    def _say(self, words: str, *, good: bool | None) -> None:
        if self._words.text != words:
            self._words.set_text(words)
        self._words.classes(
            add='nn-problem' if good is False else '', remove='' if good is False else 'nn-problem'
        )

    async def _start(self) -> None:
        try:
            settings = FineTuneSettings(
                unfreeze=str(self._depth.value),
                max_epochs=int(self._epochs.value or 0),
                learning_rate=float(self._rate.value or 0.0),
                validation_fraction=float(self._fraction.value or 0.2),
                seed=int(self._seed.value or 0),
            )
        except (ValueError, OverflowError) as error:
            ui.notify(sentence(error), type='negative')
            return
        await done(self._fine_tuning.start_job, settings)

    async def _stop(self) -> None:
        await done(self._fine_tuning.cancel_job)


def _number(
    label: str, value: float, minimum: float, maximum: float, shape: str | None
) -> ui.number:
    number = ui.number(label, value=value, min=minimum, max=maximum, format=shape)
    return number.props('outlined dense')


def _explain(words: str) -> None:
    ui.label(words).classes('nn-sentence')
