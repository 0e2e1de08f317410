"""The view Train."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from nicegui import ui
from nn_perception.studio.studio import Studio
from nn_perception.studio.train.details.routes import add_details
from nn_perception.studio.train.snapshots import add_snapshots
from nn_perception.studio.train.view import TrainView

STYLE = Path(__file__).with_name('train.css')
DETAILS_STYLE = Path(__file__).parent / 'details' / 'details.css'


def add_routes(app: FastAPI, studio: Studio) -> None:
    """Add the routes of snapshots, and of the tabs about a run."""
    add_snapshots(app, studio.runs)
    add_details(app, studio)


def build(studio: Studio) -> None:
    """Add the view to the page."""
    ui.add_css(STYLE)
    ui.add_css(DETAILS_STYLE)
    TrainView(studio, studio.run_feed)
