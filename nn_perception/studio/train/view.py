"""The parts of the view Train, and the timer that keeps them up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
import json
import time
from urllib.parse import urlencode

from nicegui import context, ui
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.calls import attempt, attempt_quietly, confirmed, done
from nn_perception.studio.train.charts.curves_panel import CurvesPanel
from nn_perception.studio.train.components import PageVisibility, SnapshotLoader
from nn_perception.studio.train.details.walk import Walk
from nn_perception.studio.train.details_panel import DetailsPanel
from nn_perception.studio.train.feed import RunFeed, RunReading
from nn_perception.studio.train.run_list import Colors, RunActions, RunList
from nn_perception.studio.train.selection import RunSelection
from nn_perception.studio.train.snapshots import resume
from nn_perception.studio.train.start.start_panel import StartPanel
from nn_perception.studio.train.steering_panel import SteeringPanel
from nn_perception.training.runs.records import RunSettings

PERIOD_S, LIST_PERIOD_S = 0.25, 1.0
# A process that waits for a run ends after some minutes.
PREPARE_PERIOD_S = 60.0
# As many as have colours.
MAX_SHOWN = 8


class TrainView:
    """
    The view on one page; the address keeps which runs it shows.

    :param studio: has the runs
    :param feed: asks them, once for all pages
    """

    def __init__(self, studio: Studio, feed: RunFeed) -> None:
        self._runs, self._feed = studio.runs, feed
        self._visible, self._listed_s, self._changes = True, 0.0, 0
        self._listed: Sequence[RunReading] | None = None
        self._client = context.client
        query = self._client.request.query_params
        self._shown = [name for name in query.get('shown', '').split(',')[:MAX_SHOWN] if name]
        self._selection = RunSelection(query.get('run', '')[:200])
        colors = Colors()
        PageVisibility(self._on_visibility)
        with ui.element('div').classes('nn-train'):
            Walk()
            with ui.element('div').classes('nn-train-side'):
                StartPanel(self._start)
                with ui.element('section').classes('nn-card').props('aria-label=Runs'):
                    ui.html('<h2>Runs</h2>', sanitize=False)
                    actions = RunActions(self._open, self._toggle, self._resume, self._delete)
                    self._list = RunList(actions, colors)
                    SnapshotLoader(self._on_loaded)
            with ui.element('div').classes('nn-train-main'):
                self._steering = SteeringPanel(self._selection, feed)
                self._curves = CurvesPanel(colors)
                self._details = DetailsPanel(self._selection, studio, self._is_looked_at)
        ui.timer(PERIOD_S, self._poll)
        ui.timer(PREPARE_PERIOD_S, self._prepare)

    def _is_looked_at(self) -> bool:
        """Whether somebody sees the page."""
        return self._visible and self._client.has_socket_connection

    async def _prepare(self) -> None:
        """Let the next run start at once."""
        if self._is_looked_at():
            await attempt_quietly(self._runs.prepare)

    def _on_visibility(self, visible: bool) -> None:
        self._visible = visible

    async def _poll(self) -> None:
        """Show what has changed; nothing is asked of any run while nobody looks."""
        if not self._is_looked_at():
            return
        if self._listed is None or time.monotonic() - self._listed_s > LIST_PERIOD_S:
            await self._follow_list()
        await self._read()

    async def _follow_list(self) -> None:
        changes = self._changes
        listed = await self._feed.list()
        if changes != self._changes:
            return  # it may be older than the run that was just started
        self._listed, self._listed_s = listed, time.monotonic()
        names = [one.name for one in self._listed]
        self._shown = [name for name in self._shown if name in names]
        if self._selection.name not in names:
            self._select(names[0] if names else '')
        self._list.show(self._listed, self._selection.name, self._shown)

    async def _read(self) -> None:
        """Ask the runs that are shown."""
        selected = self._selection.name
        names = list(dict.fromkeys([*self._shown, *([selected] if selected else [])]))
        readings = [
            one for one in await asyncio.gather(*map(self._feed.read, names)) if one is not None
        ]
        if self._selection.name == selected:
            by_name = {one.name: one for one in readings}
            self._selection.reading = by_name.get(selected)
            self._steering.show()
        self._curves.show([one for one in readings if one.name in self._shown])

    async def _start(self, wanted: Sequence[RunSettings]) -> None:
        """Start runs, and show them."""
        for settings in wanted:
            started = await attempt(self._runs.start, settings)
            if started is None:
                return
            self._add(started.name)
            self._select(started.name)
            await self._refresh()
        self._steering.scroll_into_view()
        await self._prepare()

    async def _on_loaded(self, name: str) -> None:
        self._add(name)
        self._select(name)
        await self._refresh()

    async def _open(self, name: str) -> None:
        self._select(name)
        await self._refresh()

    async def _toggle(self, name: str) -> None:
        if name in self._shown:
            self._shown.remove(name)
        else:
            self._add(name)
        self._keep()
        await self._refresh()

    async def _resume(self, name: str) -> None:
        reading = next((one for one in self._listed or () if one.name == name), None)
        if reading is not None and await done(resume, reading.run):
            self._select(name)
        await self._refresh()

    async def _delete(self, name: str) -> None:
        reading = next((one for one in self._listed or () if one.name == name), None)
        title = reading.settings.title if reading else name
        question = f'Delete “{title}”? Its weights, curves and results are deleted with it.'
        if await confirmed(question, 'Delete'):
            await done(self._runs.delete, name)
            await self._refresh()

    def _add(self, name: str) -> None:
        """Show a run in the graph; the one that is there longest goes if there are too many."""
        self._changes += 1
        if name not in self._shown:
            self._shown = [*self._shown, name][-MAX_SHOWN:]

    def _select(self, name: str) -> None:
        if name:
            self._add(name)
        self._selection.select(name)
        self._keep()

    async def _refresh(self) -> None:
        """Show at once what has just been done."""
        self._feed.forget()
        await self._follow_list()
        await self._read()

    def _keep(self) -> None:
        """Keep in the address what is shown, so that it survives a reload."""
        state = {'run': self._selection.name, 'shown': ','.join(self._shown)}
        address = json.dumps(f'?{urlencode(state, safe=",:/")}')
        with self._client:
            ui.run_javascript(f'history.replaceState(null, "", {address})')
