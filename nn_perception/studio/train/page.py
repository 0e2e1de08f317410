"""The view Train."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from nicegui import ui
from nn_perception.studio.studio import Studio
from nn_perception.studio.train.snapshots import add_snapshots
from nn_perception.studio.train.view import TrainView

STYLE = Path(__file__).with_name('train.css')


def add_routes(app: FastAPI, studio: Studio) -> None:
    """Add the routes that save and load snapshots."""
    add_snapshots(app, studio.runs)


def build(studio: Studio) -> None:
    """Add the view to the page."""
    ui.add_css(STYLE)
    TrainView(studio, studio.run_feed)
