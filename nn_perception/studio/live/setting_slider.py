"""A setting of a network, as a slider."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui
from nn_perception.studio.backend.capabilities import Setting

SLIDER_STEPS = 100


def add_slider(
    setting: Setting, title: str, changed: Callable[[float], Awaitable[None]]
) -> Callable[[float], object]:
    """
    Add a slider, the browser's own: it has a name and takes all keys.

    :param title: for people
    :param changed: called with another value when the user lets go of the slider
    :returns: what shows another value in it
    """
    step = 1 if setting.integer else (setting.maximum - setting.minimum) / SLIDER_STEPS
    with ui.element('label').classes('nn-setting'):
        name = ui.label()
        field = ui.element('input').classes('nn-range')
        field.props(f'type=range min={setting.minimum} max={setting.maximum} step={step}')
        field.tooltip(setting.description)

    def show(value: float) -> None:
        name.text = f'{title}: {value:.4g}'
        field.props['value'] = value

    number = '(event) => emit(Number(event.target.value))'
    field.on('input', lambda event: show(float(event.args)), throttle=0.05, js_handler=number)
    field.on('change', lambda event: changed(float(event.args)), js_handler=number)
    show(setting.value)
    return show
