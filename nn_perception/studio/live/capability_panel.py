"""Switches, figures and thresholds of the networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import run, ui
from nn_perception.studio.backend.capabilities import (
    CAPABILITIES,
    Capabilities,
    CapabilityStatus,
    Setting,
)
from nn_perception.studio.live.setting_slider import add_slider

TITLES = {'tags': 'Tags', 'digits': 'Digits', 'poses': 'Poses'}
PERIOD_S = 1.0
# Settings with a wider range get a field for a number.
SLIDER_RANGE = 100.0
FIGURES = (
    ('rate_hz', '{} results/s'),
    ('frame_age_ms', '{} ms old'),
    ('inference_p50_ms', '{} ms (median)'),
    ('inference_p95_ms', '{} ms (95 %)'),
)


class CapabilityPanel:
    """
    Switches, figures and thresholds of the networks.

    :param capabilities: returns those that process what is shown now
    :param shown: that are shown at first
    :param on_change: called with those that are shown
    """

    def __init__(
        self,
        capabilities: Callable[[], Capabilities],
        shown: Sequence[str],
        on_change: Callable[[list[str]], None],
    ) -> None:
        self._capabilities = capabilities
        self._on_change = on_change
        self._sections = {one: _Section(self, one, one in shown) for one in CAPABILITIES}
        ui.timer(PERIOD_S, self.refresh)

    @property
    def shown(self) -> list[str]:
        """The capabilities that are switched on."""
        return [one for one, section in self._sections.items() if section.switch.value]

    async def refresh(self) -> None:
        """Show how the networks run."""
        try:
            statuses = await run.io_bound(self._capabilities().status)
        except (ValueError, OSError, RuntimeError) as error:
            statuses = [CapabilityStatus(one, message=str(error)) for one in CAPABILITIES]
        # NiceGUI returns None while it shuts down.
        for status in statuses or ():
            if status.capability in self._sections:
                self._sections[status.capability].show(status)

    async def change(self, capability: str, setting: str, value: float) -> None:
        """Change a setting of a network."""
        try:
            await run.io_bound(self._capabilities().change, capability, setting, value)
        except (ValueError, OSError, RuntimeError) as error:
            ui.notify(str(error), type='negative')

    async def enable(self, capability: str) -> None:
        """Let a network process images that its node does not process."""
        try:
            await run.io_bound(self._capabilities().set_enabled, capability, True)
        except (ValueError, OSError, RuntimeError) as error:
            ui.notify(str(error), type='negative')

    def switched(self) -> None:
        """Report what is shown now."""
        self._on_change(self.shown)


class _Section:
    """What belongs to one network."""

    def __init__(self, panel: CapabilityPanel, capability: str, shown: bool) -> None:
        self._panel, self._capability = panel, capability
        self._fields: dict[str, Callable[[float], object]] = {}
        self._values: dict[str, float] = {}
        with ui.element('section').classes('nn-capability'):
            with ui.element('div').classes('nn-capability-head'):
                self.switch = ui.switch(TITLES[capability], value=shown, on_change=panel.switched)
                self._start = ui.button('Start', on_click=lambda: panel.enable(capability))
                self._start.props(f'flat dense no-caps aria-label="Start {capability}"')
                self._start.visible = False
            self._message = ui.label().classes('nn-note')
            self._figures = ui.label().classes('nn-note nn-numbers')
            self._model = ui.label().classes('nn-note')
            with (
                ui.expansion(f'{TITLES[capability]}: thresholds')
                .props('dense')
                .classes('nn-thresholds')
            ):
                self._settings = ui.element('div')
        self._settings.bind_visibility_from(self.switch, 'value')

    def show(self, status: CapabilityStatus) -> None:
        """Show how the network runs."""
        on = self.switch.value
        self._message.text = status.message if on else ''
        self._start.visible = bool(on and status.node and not status.enabled)
        values = status.values
        figures = [
            text.format(_short(values[name]))
            for name, text in FIGURES
            if _is_shown(values.get(name))
        ]
        self._figures.text = ' · '.join(figures) if on else ''
        model = [values[name] for name in ('model', 'device') if values.get(name)]
        self._model.text = ', '.join(model) if on else ''
        if self._fields.keys() != {one.name for one in status.settings}:
            self._settings.clear()
            with self._settings:
                self._fields = {one.name: self._field(one) for one in status.settings}
        for one in status.settings:
            # Somebody else may have changed it; the user's own choice is not overwritten.
            if self._values.get(one.name) != one.value:
                self._values[one.name] = one.value
                self._fields[one.name](one.value)

    def _field(self, setting: Setting) -> Callable[[float], object]:
        """Add what changes a setting; :returns: what shows another value in it."""
        unit = f' ({setting.unit})' if setting.unit else ''
        title = setting.name.replace('_', ' ').removesuffix(' s') + unit
        self._values[setting.name] = setting.value

        async def changed(value: float | None) -> None:
            if value is not None and value != self._values.get(setting.name):
                self._values[setting.name] = value
                await self._panel.change(self._capability, setting.name, value)

        if setting.maximum - setting.minimum > SLIDER_RANGE:
            field = ui.number(
                title, value=setting.value, min=setting.minimum, max=setting.maximum, step=1
            )
            field.on('change', lambda: changed(field.value)).classes('w-full').props('dense')
            field.tooltip(setting.description)
            return field.set_value
        return add_slider(setting, title, changed)


def _is_shown(text: str | None) -> bool:
    """Whether a figure says something: nothing runs at no rate."""
    return bool(text) and text != '0.00'


def _short(text: str) -> str:
    """Shorten a number of the diagnostics."""
    try:
        return f'{float(text):.3g}'
    except ValueError:
        return text
