"""The run that a page looks at."""

from __future__ import annotations

from collections.abc import Callable

from nn_perception.studio.train.feed import RunReading


class RunSelection:
    """
    The run that a page looks at; panels are built with it.

    :ivar name: of the run; empty: none
    :ivar reading: what it reported last; None until it has
    """

    def __init__(self, name: str = '') -> None:
        self.name = name
        self.reading: RunReading | None = None
        self._callbacks: list[Callable[[], None]] = []

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call without arguments, in the page's context, when another run is selected."""
        self._callbacks.append(callback)

    def select(self, name: str) -> None:
        """Look at another run."""
        if name == self.name:
            return
        self.name, self.reading = name, None
        for callback in self._callbacks:
            callback()
