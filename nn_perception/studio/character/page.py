"""The view Character."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from nicegui import ui
from nn_perception.studio.character.character_stage import CharacterStage
from nn_perception.studio.character.routes import add_figure_routes
from nn_perception.studio.studio import Studio

STYLE = Path(__file__).with_name('character.css')
STYLE_ROUTE = '/character/character.css'


def build(studio: Studio) -> None:  # noqa: ARG001
    """Add the view to the page."""
    ui.add_head_html(f'<link rel="stylesheet" href="{STYLE_ROUTE}">')
    CharacterStage()


def add_routes(app: FastAPI, studio: Studio) -> None:  # noqa: ARG001
    """Add the routes of the view."""
    app.add_api_route(STYLE_ROUTE, lambda: FileResponse(STYLE), include_in_schema=False)
    add_figure_routes(app)
