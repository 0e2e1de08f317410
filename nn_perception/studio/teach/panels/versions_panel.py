"""The versions: compare, activate, roll back, export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from nicegui import ui
from nn_perception.studio.backend.fine_tuning import FineTuning, FineTuningState, ModelVersion
from nn_perception.studio.teach.calls import attempt, attempt_quietly, done
from nn_perception.studio.teach.panels.charts import table
from nn_perception.studio.teach.taught import Export, PICTURES, Taught
from nn_perception.training.export.sample_programs import program
from nn_perception.training.model_store.comparison import compare, Comparison
from nn_perception.training.model_store.report import TrainingReport

# The list is read anew so often, since other programs add versions too.
PERIOD_POLLS = 10


class VersionsPanel:
    """
    The versions of the model.

    :param fine_tuning: the versions
    :param taught: what is taught
    """

    def __init__(self, fine_tuning: FineTuning, taught: Taught = PICTURES) -> None:
        self._fine_tuning = fine_tuning
        self._taught = taught
        self._seen: tuple[str, str] | None = None
        self._polls = 0
        self._built = False
        self._versions: tuple[ModelVersion, ...] = ()
        with ui.element('section').classes('nn-card').props('aria-label=Versions'):
            with ui.element('div').classes('nn-head'):
                ui.html('<h2>Versions</h2>', sanitize=False)
                self._back = ui.button('Roll back', icon='undo', on_click=self._roll_back)
                self._back.props('outline')
            self._none = ui.label('There is no version yet.').classes('nn-sentence')
            self._list = ui.element('div').classes('nn-scroll')
            self._compare = ui.element('div').classes('nn-compare')
        with ui.element('section').classes('nn-card').props('aria-label=Export') as self._export:
            ui.html('<h2>Export the active version</h2>', sanitize=False)
            for kind, export in taught.exports.items():
                _build_export(f'{taught.route}/download/{kind}', export)

    async def show(self, state: FineTuningState) -> None:
        """Show the versions, if they have changed."""
        seen = state.active_version, state.job.version
        self._polls += 1
        if seen == self._seen and self._polls % PERIOD_POLLS:
            return
        found = await attempt_quietly(self._fine_tuning.versions)
        if found is None:
            self._seen = seen  # it is tried again after some polls
            return
        versions = tuple(found)
        self._export.set_visibility(bool(state.active_version))
        if not self._built or versions != self._versions:
            self._versions, self._built = versions, True
            self._build()
        self._seen = seen

    def _build(self) -> None:
        versions = self._versions
        self._none.set_visibility(not versions)
        self._back.set_visibility(len(versions) > 1)
        self._list.clear()
        if versions:
            with self._list:
                self._build_list(versions)
        self._compare.clear()
        if len(versions) > 1:
            with self._compare:
                self._build_compare(versions)

    def _build_list(self, versions: Sequence[ModelVersion]) -> None:
        with ui.element('table').classes('nn-table'):
            with ui.element('thead'), ui.element('tr'):
                for head in ('version', 'trained', 'accuracy', 'labels', ''):
                    with ui.element('th').props('scope=col'):
                        ui.label(head)
            with ui.element('tbody'):
                for version in versions:
                    self._build_row(version)

    def _build_row(self, version: ModelVersion) -> None:
        with ui.element('tr').classes('nn-current' if version.active else ''):
            with ui.element('th').props('scope=row'):
                ui.label(version.version)
            for words in (_time(version), _percent(version.accuracy), ', '.join(version.labels)):
                with ui.element('td'):
                    ui.label(words).classes('nn-cell')
            with ui.element('td'):
                if version.active:
                    ui.label('active').classes('nn-good')
                else:
                    name = version.version
                    button = ui.button('Activate', on_click=lambda: self._activate(name))
                    button.props(f'flat dense aria-label="Activate {name}"')

    def _build_compare(self, versions: Sequence[ModelVersion]) -> None:
        names = {
            one.version: f'{one.version}{" (active)" if one.active else ""}' for one in versions
        }
        active = next((one.version for one in versions if one.active), versions[-1].version)
        newest = next(one.version for one in versions if one.version != active)
        with ui.element('div').classes('nn-row'):
            first = ui.select(names, value=active, label='Compare').props('outlined dense')
            second = ui.select(names, value=newest, label='with').props('outlined dense')

            async def run() -> None:
                found = await attempt(self._read, str(first.value), str(second.value))
                if found is not None:
                    result.clear()
                    with result:
                        _build_comparison(found, self._taught.items)

            ui.button('Compare', on_click=run).props('outline')
        result = ui.element('div').classes('nn-scroll').props('aria-live=polite')

    def _read(self, first: str, second: str) -> Comparison:
        reports = (TrainingReport.from_json(self._fine_tuning.report(v)) for v in (first, second))
        return compare(*reports)

    async def _activate(self, version: str) -> None:
        if await done(self._fine_tuning.activate, version):
            ui.notify(f'{version} is active.')

    async def _roll_back(self) -> None:
        version = await attempt(self._fine_tuning.roll_back)
        if version:
            ui.notify(f'{version} is active again.')


def _build_comparison(found: Comparison, items: str) -> None:
    ui.label(found.sentence).classes('nn-sentence')
    rows = [
        [
            'all',
            _percent(found.accuracy_before),
            _percent(found.accuracy_after),
            _signed(found.difference),
        ]
    ]
    rows += [
        [one.label, _percent(one.before), _percent(one.after), _signed(one.difference)]
        for one in found.labels
    ]
    if found.shared and not found.fair:
        before, after = found.shared_before, found.shared_after
        rows.insert(1, [f'{items} of both', _percent(before), _percent(after), ''])
    table(['class', 'first', 'second', 'difference'], rows)


def _build_export(address: str, export: Export) -> None:
    name = export.name
    with ui.element('div').classes('nn-export'):
        with ui.element('div').classes('nn-row'):
            with ui.link(target=address).classes('nn-button') as link:
                ui.icon('download').props('aria-hidden=true')
                ui.label(name)
            link.props('download')
            ui.label(export.words).classes('nn-sentence')
        code = program(export.file).decode()
        with ui.expansion(f'Program for {name}', icon='code').classes('nn-expansion'):
            copy = ui.button('Copy', icon='content_copy')
            copy.props(f'flat dense aria-label="Copy the program for {name}"')
            copy.on_click(lambda: ui.clipboard.write(code))
            copy.on_click(lambda: ui.notify('Copied.'))
            ui.label(code).classes('nn-code').props('tabindex=0')


def _time(version: ModelVersion) -> str:
    stamp = datetime.fromtimestamp(version.trained_at_ns / 1e9).astimezone()
    return stamp.strftime('%Y-%m-%d %H:%M:%S')


def _percent(value: float | None) -> str:
    return '–' if value is None else f'{100 * value:.1f} %'


def _signed(value: float | None) -> str:
    return '–' if value is None else f'{100 * value:+.1f}'
