"""The small components of the view Train, each with its JavaScript beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui.element import Element
from nn_perception.studio.modules import PAGE_MODULES


class PageVisibility(Element, component='page_visibility.js'):
    """
    Whether somebody can see the page.

    :param on_change: called with it at the beginning, and when it changes
    """

    def __init__(self, on_change: Callable[[bool], Any]) -> None:
        super().__init__()
        self.on('visibility', lambda event: on_change(bool(event.args)))


class SnapshotLoader(Element, component='snapshot_loader.js', esm=PAGE_MODULES):
    """
    A button that sends a snapshot, from which a run goes on.

    :param on_loaded: called with the name of the run
    """

    def __init__(self, on_loaded: Callable[[str], Any]) -> None:
        super().__init__()
        self.on('loaded', lambda event: on_loaded(str(event.args)))
