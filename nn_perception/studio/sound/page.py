"""The view Sound."""

from __future__ import annotations

from nicegui import ui
from nn_perception.studio.sound.components import ClipEditor, SoundLive
from nn_perception.studio.sound.hearing_panel import HearingPanel
from nn_perception.studio.sound.routes import add_routes, STYLE_ROUTE
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.routes import STYLE_ROUTE as TEACH_STYLE_ROUTE
from nn_perception.studio.teach.taught import SOUNDS
from nn_perception.studio.teach.view import TeachView

__all__ = ['add_routes', 'build']


def build(studio: Studio) -> None:
    """Add the view to the page."""
    for style in (TEACH_STYLE_ROUTE, STYLE_ROUTE):
        ui.add_head_html(f'<link rel="stylesheet" href="{style}">')
    view = TeachView(studio.backend.sounds.fine_tuning, SOUNDS, SoundLive, ClipEditor)
    with view.side:
        HearingPanel(studio, view.live)
