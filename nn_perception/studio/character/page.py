"""The view Character."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from nicegui import run, ui
from nn_perception.studio.character.character_stage import CharacterStage
from nn_perception.studio.character.routes import add_figure_routes
from nn_perception.studio.studio import Studio

STYLE = Path(__file__).with_name('character.css')
LIST_PERIOD_S = 2.0


def build(studio: Studio) -> None:
    """Add the view to the page."""
    ui.add_css(STYLE)
    stage = CharacterStage(studio.cameras.list())

    async def refresh() -> None:
        cameras = await run.io_bound(studio.cameras.list)
        if cameras is not None:
            stage.set_cameras(cameras)

    ui.timer(LIST_PERIOD_S, refresh)


def add_routes(app: FastAPI, studio: Studio) -> None:  # noqa: ARG001
    """Add the routes of the view."""
    add_figure_routes(app)
