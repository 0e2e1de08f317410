"""The parts of a view that teaches, and the timer that keeps them up to date."""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Protocol

from nicegui import context, ui
from nicegui.events import GenericEventArguments
from nn_perception.studio.backend.fine_tuning import FineTuning, FineTuningState
from nn_perception.studio.teach.calls import done
from nn_perception.studio.teach.components import Component, LiveView
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.studio.teach.panels.classes_panel import ClassesPanel
from nn_perception.studio.teach.panels.report_panel import ReportPanel
from nn_perception.studio.teach.panels.training_panel import TrainingPanel
from nn_perception.studio.teach.panels.versions_panel import VersionsPanel
from nn_perception.studio.teach.taught import PICTURES, Taught

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
    :param taught: what is taught
    :param add_live: adds what shows the camera, or the microphone; see
        :class:`~nn_perception.studio.teach.components.LiveView` for its properties and events
    :param add_editor: adds what shows the example that is chosen in a list; None: nothing
    :ivar live: what ``add_live`` added
    :ivar side: the column that it is in
    """

    def __init__(
        self,
        fine_tuning: FineTuning,
        taught: Taught = PICTURES,
        add_live: Callable[[], Component] = LiveView,
        add_editor: Callable[[], object] | None = None,
    ) -> None:
        self._fine_tuning = fine_tuning
        self._kept_s = 0.0
        self._panels: list[Panel] = []
        self._banner = ui.label().classes('nn-banner').props('role=alert')
        self._banner.set_visibility(False)
        with ui.element('div').classes('nn-teach'):
            with ui.element('div').classes('nn-teach-main'):
                classes = ClassesPanel(fine_tuning, taught, add_editor)
                report = ReportPanel(fine_tuning, classes.show_frames, taught)
                versions = VersionsPanel(fine_tuning, taught)
            with ui.element('div').classes('nn-teach-side') as self.side:
                self.live = add_live()
                training = TrainingPanel(fine_tuning, taught)
        self._panels += [classes, training, report, versions]
        self.live.on('hold', self._hold)
        self.live.on('keep', self._keep)
        self.live.on('release', self._release)
        self.live.on('camera', self._choose)
        context.client.on_disconnect(self._leave)
        ui.timer(PERIOD_S, self._poll)

    async def _poll(self) -> None:
        try:
            state = self._fine_tuning.state()
        except ERRORS as error:
            self._say(sentence(error))
            return
        self._say(' '.join(sentence(text) for text in (state.reason, state.notice) if text))
        self.live.show(cameras=dict(state.cameras), camera=state.camera)
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
