"""The view Character."""

from __future__ import annotations

from nicegui import ui
from nn_perception.studio.studio import Studio


def build(studio: Studio) -> None:  # noqa: ARG001
    """Add the view to the page."""
    ui.label('Character')
