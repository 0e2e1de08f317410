"""The view Teach."""

from __future__ import annotations

from nicegui import ui
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.routes import add_routes, STYLE_ROUTE
from nn_perception.studio.teach.view import TeachView

__all__ = ['add_routes', 'build']


def build(studio: Studio) -> None:
    """Add the view to the page."""
    ui.add_head_html(f'<link rel="stylesheet" href="{STYLE_ROUTE}">')
    TeachView(studio.backend.fine_tuning)
