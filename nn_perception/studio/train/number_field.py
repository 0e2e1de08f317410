"""Fields for numbers, which are checked when Enter is pressed or the field is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nn_perception.studio.train.fields import NumberRule

Changed = Callable[[float], Any]


class NumberField:
    """
    A field for a number.

    :param rule: what it accepts
    :param value: at first
    :param on_change: called with a new value, once it is accepted
    """

    def __init__(self, rule: NumberRule, value: float, on_change: Changed | None = None) -> None:
        self._rule, self._on_change = rule, on_change
        self._value = value
        self._editing = False
        self._input = ui.input(rule.label, value=rule.write(value)).classes('nn-number')
        mode = 'numeric' if rule.whole else 'decimal'
        # The room for the error is there before the error, so that nothing moves.
        self._input.props(f'outlined dense inputmode={mode} autocomplete=off maxlength=40')
        self._input.props('hide-bottom-space error-message=""')
        self._input.on('keydown.enter', self._commit, args=[])
        self._input.on('blur', self._leave, args=[])
        self._input.on('focus', self._enter, args=[])

    @property
    def value(self) -> float:
        """
        What is typed.

        :raises ValueError: a sentence, if it is not accepted
        """
        try:
            value = self._rule.parse(str(self._input.value or ''))
        except ValueError as error:
            self._say(str(error))
            raise
        self._say('')
        return value

    def show(self, value: float) -> None:
        """Show a value, unless somebody types."""
        if value == self._value or self._editing:
            return
        self._value = value
        self._input.set_value(self._rule.write(value))
        self._say('')

    def set_enabled(self, enabled: bool) -> None:
        """Let people type, or not."""
        if self._input.enabled != enabled:
            self._input.set_enabled(enabled)

    def tooltip(self, words: str) -> None:
        """Explain the field."""
        self._input.tooltip(words)

    def _enter(self) -> None:
        self._editing = True

    async def _leave(self) -> None:
        self._editing = False
        await self._commit()

    async def _commit(self) -> None:
        try:
            value = self.value
        except ValueError:
            return
        if value != self._value:
            self._value = value
            if self._on_change is not None:
                result = self._on_change(value)
                if result is not None:
                    await result

    def _say(self, words: str) -> None:
        if self._input.error != (words or None):
            self._input.error = words or None
