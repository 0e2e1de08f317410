"""The parts of the view Teach, and the timer that keeps them up to date."""

from __future__ import annotations

import time
from typing import Protocol

from nicegui import context, ui
from nicegui.events import GenericEventArguments
from nn_perception.studio.backend.fine_tuning import FineTuning, FineTuningState
from nn_perception.studio.teach.calls import done
from nn_perception.studio.teach.classes_panel import ClassesPanel
from nn_perception.studio.teach.components import LiveView
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.studio.teach.report_panel import ReportPanel
from nn_perception.studio.teach.training_panel import TrainingPanel
from nn_perception.studio.teach.versions_panel import VersionsPanel

PERIOD_S = 0.5
# A browser that does not say so often that the button is held is gone.
KEEP_S = 2.5


class Panel(Protocol):
    """A part of the view."""

    async def show(self, state: FineTuningState) -> None:
        """Show the state."""


class TeachView:
    """
    The view on one page.

    :param fine_tuning: the dataset, the job and the versions
    """

    def __init__(self, fine_tuning: FineTuning) -> None:
        self._fine_tuning = fine_tuning
        self._kept_s = 0.0
        self._panels: list[Panel] = []
        self._banner = ui.label().classes('nn-banner').props('role=alert')
        self._banner.set_visibility(False)
        with ui.element('div').classes('nn-teach'):
            with ui.element('div').classes('nn-teach-main'):
                classes = ClassesPanel(fine_tuning)
                report = ReportPanel(fine_tuning, classes.show_frames)
                versions = VersionsPanel(fine_tuning)
            with ui.element('div').classes('nn-teach-side'):
                self._live = LiveView()
                training = TrainingPanel(fine_tuning)
        self._panels += [classes, training, report, versions]
        self._live.on('hold', self._hold)
        self._live.on('keep', self._keep)
        self._live.on('release', self._release)
        self._live.on('camera', self._choose)
        context.client.on_disconnect(self._leave)
        ui.timer(PERIOD_S, self._poll)

    async def _poll(self) -> None:
        try:
            state = self._fine_tuning.state()
        except ERRORS as error:
            self._say(sentence(error))
            return
        self._say(' '.join(sentence(text) for text in (state.reason, state.notice) if text))
        self._live.show(cameras=dict(state.cameras), camera=state.camera)
        for panel in self._panels:
            await panel.show(state)
        if self._kept_s and time.monotonic() - self._kept_s > KEEP_S:
            await self._release()

    def _say(self, words: str) -> None:
        if self._banner.text != words:
            self._banner.set_text(words)
            self._banner.set_visibility(bool(words))

    async def _hold(self, event: GenericEventArguments) -> None:
        label, rate = str(event.args['label']), float(event.args['rate'])
        self._kept_s = time.monotonic()
        if not await done(self._fine_tuning.record, label, rate):
            self._kept_s = 0.0

    def _keep(self) -> None:
        if self._kept_s:
            self._kept_s = time.monotonic()

    async def _choose(self, event: GenericEventArguments) -> None:
        await done(self._fine_tuning.use_camera, str(event.args['camera']))

    async def _release(self) -> None:
        self._kept_s = 0.0
        await done(self._fine_tuning.stop_recording)

    async def _leave(self) -> None:
        """End the recording when the browser is gone while a button is held."""
        if self._kept_s:
            await self._release()
