"""A run as a checkpoint that the robot loads, and how to load it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
import shlex
from urllib.parse import urlencode

from nicegui import ui
from nn_perception.core.files.folders import folder_of, make_folders
from nn_perception.core.files.names import checked_name, MAX_CHARACTERS, reserved_name
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.calls import confirmed
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.studio.train.details.routes import checkpoint_name, ROOT
from nn_perception.studio.train.details.run_detail import ask, RunDetail
from nn_perception.studio.train.feed import RunReading
from nn_perception.studio.train.selection import RunSelection
from nn_perception.training.runs.data.catalog import GENERATED_DIGITS
from nn_perception.training.runs.records import RunSettings
from nn_perception.training.runs.run import Run

FOLDER = 'checkpoints'
SUFFIX = '.safetensors'
# What is trained with these reads digits; everything else names what a picture shows.
DIGIT_DATA = ('mnist', GENERATED_DIGITS)
INTRODUCTION = (
    'The run as it is now becomes a checkpoint: its weights, its network as data, its labels and '
    'how pictures are prepared. The run goes on, and the checkpoint stays as it is.'
)
LIMITS = (
    'It makes the mistakes that the tab Evaluation shows, and more on pictures unlike those that '
    'it was trained with; whatever it is shown, it names one of its classes.'
)


class UseIt(RunDetail):
    """
    Write the selected run as a checkpoint.

    :param selection: the run
    :param _studio: what all views share
    """

    def __init__(self, selection: RunSelection, _studio: Studio) -> None:
        super().__init__(selection)
        with ui.element('div').classes('nn-use'):
            ui.label(INTRODUCTION).classes('nn-sentence')
            with ui.element('div').classes('nn-row'):
                self._field = ui.input('Name of the checkpoint').classes('nn-grow')
                self._field.props(f'outlined dense maxlength={MAX_CHARACTERS} autocomplete=off')
                self._field.on('keydown.enter', self._write, args=[])
                self._button = ui.button('Write it', icon='save', on_click=self._write)
                self._button.props('no-caps')
                self._download = ui.button('Download', icon='download', on_click=self._send)
                self._download.props('outline no-caps')
            self._said = ui.label().classes('nn-sentence').props('role=status')
            self._commands = ui.element('div').classes('nn-commands')
            ui.label(LIMITS).classes('nn-sentence')
        self.forget()

    def forget(self) -> None:
        """Propose another name."""
        self._commands.clear()
        self._tell('')
        reading = self._selection.reading
        if reading is not None:
            self._field.set_value(proposed_name(reading.settings))

    async def refresh(self, reading: RunReading) -> None:
        """Do nothing: a checkpoint is written when it is asked for."""

    async def _write(self) -> None:
        reading = self._selection.reading
        if reading is None:
            return
        self.catch_up(reading)
        try:
            path = checkpoint_path(str(self._field.value or ''))
            if path.exists() and not await confirmed(f'Replace {path.name}?', 'Replace'):
                return
            self._button.disable()
            await ask(write, reading.run, path)
        except ERRORS as error:
            self._commands.clear()
            self._tell(sentence(error), problem=True)
            return
        finally:
            self._button.enable()
        self._tell(f'Written after step {reading.status.step:,} or later: {path}')
        self._show_commands(reading.settings, path)

    def _show_commands(self, settings: RunSettings, path: Path) -> None:
        self._commands.clear()
        with self._commands:
            for words, command in commands(settings, path).items():
                ui.label(words).classes('nn-soft')
                with ui.element('div').classes('nn-command'):
                    with ui.element('code').props('tabindex=0'):
                        ui.label(command)
                    copy = ui.button(icon='content_copy', on_click=partial(_copy, command))
                    copy.props('flat round dense')
                    copy.props['aria-label'] = f'Copy the command: {words}'

    async def _send(self) -> None:
        """Send the checkpoint to the browser; what cannot be sent must not take its page away."""
        reading = self._selection.reading
        if reading is None:
            return
        self.catch_up(reading)
        try:
            await ask(reading.run.layers)
        except ERRORS as error:
            self._tell(sentence(error), problem=True)
            return
        ui.navigate.to(f'{ROOT}/checkpoint?{urlencode({"run": reading.name})}')

    def _tell(self, words: str, *, problem: bool = False) -> None:
        self._said.set_text(words)
        self._said.classes(
            add='nn-problem' if problem else '', remove='' if problem else 'nn-problem'
        )


def proposed_name(settings: RunSettings) -> str:
    """Propose a name for the checkpoint of a run."""
    return checkpoint_name(settings.title).removesuffix(SUFFIX)


def checkpoint_path(name: str) -> Path:
    """
    Return where a checkpoint is written.

    :raises ValueError: a sentence, if the name is not safe
    """
    safe = checked_name(name.strip(), 'checkpoint')
    reason = reserved_name(safe)
    if reason:
        raise ValueError(f'{safe} cannot be the name of a checkpoint: {reason}')
    return folder_of(FOLDER) / f'{safe}{SUFFIX}'


def write(run: Run, path: Path) -> None:
    """
    Write a run as a checkpoint.

    :raises OSError: if the folder cannot be written
    :raises RuntimeError: a sentence, if its process has ended
    """
    make_folders(path.parent)
    run.write_checkpoint(path)


def commands(settings: RunSettings, path: Path) -> dict[str, str]:
    """Return how to load a checkpoint, by what it does."""
    quoted = shlex.quote(str(path))
    parameter = shlex.quote(f'model:={path}')
    digits = settings.data in DIGIT_DATA
    node, verb = ('digit_reader', 'digits') if digits else ('tagger', 'tag')
    return {
        f'As the node {node}': f'ros2 run nn_perception {node} --ros-args -p {parameter}',
        'For pictures in files, without ROS': f'nn_perception {verb} --model {quoted} PICTURE',
    }


def _copy(command: str) -> None:
    ui.clipboard.write(command)
    ui.notify('The command is copied.')
