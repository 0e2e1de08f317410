"""Under the hood: what is known about the training of a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
import logging
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments
from nn_perception.studio.backend.fine_tuning import FineTuning, FineTuningState
from nn_perception.studio.teach.calls import attempt
from nn_perception.studio.teach.components import Confusion
from nn_perception.studio.teach.errors import sentence
from nn_perception.studio.teach.panels.charts import Curves, table
from nn_perception.studio.teach.taught import PICTURES, Taught
from nn_perception.training.model_store.report import TrainingReport

LOG = logging.getLogger(__name__)

MAX_MATRIX = 40
FRAMES_PER_CALL = 1000

ShowFrames = Callable[[str, Sequence[dict[str, str]], str], None]


class ReportPanel:
    """
    The report of the version that was trained last, or is active.

    :param fine_tuning: the versions and the frames
    :param show_frames: shows a list of frames with a title
    :param taught: what is taught
    """

    def __init__(
        self, fine_tuning: FineTuning, show_frames: ShowFrames, taught: Taught = PICTURES
    ) -> None:
        self._fine_tuning = fine_tuning
        self._taught = taught
        self._show_frames = show_frames
        self._version = ''
        self._seen = '', ''
        self._report = TrainingReport()
        with ui.element('section').classes('nn-card').props('aria-label="Under the hood"'):
            ui.html('<h2>Under the hood</h2>', sanitize=False)
            self._title = ui.label('Nothing is trained yet.').classes('nn-sentence')
            self._place = ui.element('div').classes('nn-report')

    async def show(self, state: FineTuningState) -> None:
        """Show the report of the newest version, if it has changed."""
        if state.job.running:
            return
        # What has changed last is what people want to know about.
        version = self._version
        if state.active_version != self._seen[0]:
            version = state.active_version
        if state.job.version != self._seen[1] and state.job.succeeded:
            version = state.job.version
        self._seen = state.active_version, state.job.version
        if version == self._version:
            return
        self._version = version
        self._place.clear()
        if not version:
            self._title.set_text('Nothing is trained yet.')
            return
        report = await attempt(self._read, version)
        if report is None or version != self._version:
            return
        self._report = report
        self._title.set_text(f'Version {version}')
        with self._place:
            self._build(report)

    def _read(self, version: str) -> TrainingReport:
        return TrainingReport.from_json(self._fine_tuning.report(version))

    def _build(self, report: TrainingReport) -> None:
        with ui.element('div').classes('nn-report-part'):
            ui.label('In short').classes('nn-heading')
            table(['', ''], _facts(report, self._taught.items))
        with ui.element('div').classes('nn-report-part'):
            ui.label('Accuracy by class').classes('nn-heading')
            _class_accuracy(report, self._taught.items)
        if report.epochs:
            with ui.element('div').classes('nn-report-part'):
                ui.label('Curves').classes('nn-heading')
                Curves().show([asdict(epoch) for epoch in report.epochs])
        with ui.element('div').classes('nn-report-part'):
            ui.label('Confusion matrix').classes('nn-heading')
            if 0 < len(report.labels) <= MAX_MATRIX and report.confusion:
                matrix = Confusion(report.labels, report.confusion, self._taught)
                matrix.on('cell', self._on_cell)
            else:
                ui.label('It is not shown for this version.').classes('nn-sentence')
        if report.warnings:
            with ui.element('div').classes('nn-report-part'):
                ui.label(f'What the {self._taught.items} lack').classes('nn-heading')
                with ui.element('ul').classes('nn-list'):
                    for warning in report.warnings:
                        with ui.element('li'):
                            ui.label(sentence(warning))

    async def _on_cell(self, event: GenericEventArguments) -> None:
        label, predicted = str(event.args['label']), str(event.args['predicted'])
        wanted = set(self._report.frames_of(label, predicted))
        found = await attempt(self._find, label, wanted)
        if found is None:
            return
        if not found:
            ui.notify(f'These {self._taught.items} are not stored any more.')
            return
        said = 'right' if label == predicted else f'taken for {predicted}'
        self._show_frames(label, found, f'{label}: {said}')

    def _find(self, label: str, wanted: set[str]) -> list[dict[str, str]]:
        """Find stored frames by their hashes."""
        found: list[dict[str, str]] = []
        offset = 0
        while wanted:
            page = self._fine_tuning.frames(label, offset, FRAMES_PER_CALL)
            found += [
                {'id': one.id, 'label': one.label, 'hash': one.sha256}
                for one in page.frames
                if one.sha256 in wanted
            ]
            offset += len(page.frames)
            if not page.frames or offset >= page.total:
                break
        return found


def _facts(report: TrainingReport, items: str) -> list[list[str]]:
    """Write the single figures of a report for people."""
    settings: Mapping[str, Any] = report.settings
    known = [
        (f'Accuracy on held-out {items}', _percent(report.accuracy)),
        (f'The active version on the same {items}', _percent(report.accuracy_of_the_active_one)),
        (f'Within the training {items}', _percent(report.cross_validation_accuracy)),
        (
            f'{items.capitalize()} trained with',
            '' if report.trained_with is None else str(report.trained_with),
        ),
        ('Depth', str(settings.get('unfreeze', ''))),
        ('Seed', str(settings.get('seed', ''))),
        ('Temperature of the scores', _number(report.temperature)),
        ('Calibration error', _number(report.calibration_error)),
        ('Unknown beyond a distance of', _number(report.unknown_distance)),
        ('Time', '' if report.seconds is None else f'{report.seconds:.1f} s'),
    ]
    return [[name, value] for name, value in known if value]


def _class_accuracy(report: TrainingReport, items: str) -> None:
    examples = report.examples
    recall = report.recall or (None,) * len(report.labels)
    precision = report.precision or (None,) * len(report.labels)
    rows = [
        [label, _percent(right), _percent(exact), str(examples.get(label, 0))]
        for label, right, exact in zip(report.labels, recall, precision, strict=True)
    ]
    with ui.element('div').classes('nn-scroll'):
        table(['class', 'recognized', 'right when said', f'held-out {items}'], rows)


def _percent(value: float | None) -> str:
    return '' if value is None else f'{100 * value:.1f} %'


def _number(value: float | None) -> str:
    return '' if value is None else f'{value:.3g}'
