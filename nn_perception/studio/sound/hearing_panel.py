"""The microphones of the robot, and the settings of the network that hears."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from nicegui import ui
from nicegui.events import GenericEventArguments
from nn_perception.studio.backend.capabilities import CapabilityStatus, Setting
from nn_perception.studio.live.setting_slider import add_slider
from nn_perception.studio.sound.messages import ROBOT
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.calls import attempt_quietly, done
from nn_perception.studio.teach.components import Component

PERIOD_S = 1.0
LIST_POLLS = 2
# Longer than anybody waits for a result.
MAX_SMOOTHING_S = 3.0
# What the settings are called; the others are parameters of the node.
TITLES = {
    'overlap': 'Overlap of the windows',
    'min_score': 'Threshold',
    'smoothing_s': 'Smoothing',
    'gate_db': 'Silence below',
}


class Network(Protocol):
    """The network that hears."""

    def status(self) -> CapabilityStatus:
        """Describe it."""

    def change(self, setting: str, value: float) -> None:
        """Change a setting."""


class HearingPanel:
    """
    Which microphones there are, and how they are heard.

    :param studio: what all views share
    :param live: shows the microphone
    """

    def __init__(self, studio: Studio, live: Component) -> None:
        self._studio = studio
        self._source = ''
        self._polls = 0
        self._fields: dict[str, Callable[[float], object]] = {}
        self._values: dict[str, float] = {}
        self._live = live
        with ui.element('section').classes('nn-card').props('aria-label="How it hears"'):
            ui.html('<h2>How it hears</h2>', sanitize=False)
            self._words = ui.label().classes('nn-sentence')
            self._settings = ui.element('div')
        self._live.on('source', self._choose)
        ui.timer(PERIOD_S, self._refresh)

    def _network(self) -> Network:
        """Return what hears the microphone that is chosen."""
        return self._studio.backend.sounds if self._source == ROBOT else self._studio.hearing

    async def _choose(self, event: GenericEventArguments) -> None:
        self._source = str(event.args['source'])
        await self._refresh()

    async def _refresh(self) -> None:
        if self._polls % LIST_POLLS == 0:
            found = await attempt_quietly(lambda: self._studio.backend.sounds.list())
            if found is not None:
                listed = [{'id': one.id, 'title': one.title} for one in found]
                self._live.show(microphones=listed)
        self._polls += 1
        status = await attempt_quietly(lambda: self._network().status())
        if status is not None:
            self._show(status)

    def _show(self, status: CapabilityStatus) -> None:
        values = status.values
        took = values.get('inference_p50_ms', '')
        known = [status.node, values.get('model', ''), f'{took} ms a window' if took else '']
        words = ' · '.join(one for one in known if one)
        if self._words.text != words:
            self._words.set_text(words)
        settings = {one.name: one for one in status.settings if one.name in TITLES}
        if self._fields.keys() != settings.keys():
            self._settings.clear()
            with self._settings:
                self._fields = {
                    name: self._add(settings[name]) for name in TITLES if name in settings
                }
        for name, setting in settings.items():
            # Somebody else may have changed it; the user's own choice is not overwritten.
            if self._values.get(name) != setting.value:
                self._values[name] = setting.value
                self._fields[name](setting.value)

    def _add(self, setting: Setting) -> Callable[[float], object]:
        """Add a slider; :returns: what shows another value in it."""
        self._values[setting.name] = setting.value

        async def changed(value: float) -> None:
            if value != self._values.get(setting.name):
                self._values[setting.name] = value
                await done(self._network().change, setting.name, value)

        if setting.name == 'smoothing_s':
            setting = replace(setting, maximum=min(setting.maximum, MAX_SMOOTHING_S))
        unit = f' ({setting.unit})' if setting.unit else ''
        return add_slider(setting, TITLES[setting.name] + unit, changed)
