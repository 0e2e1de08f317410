"""The view Digits: a pad whose drawings are read."""

from __future__ import annotations

from fastapi import FastAPI
from nicegui import ui
from nn_perception.studio.digits.pad import Pad
from nn_perception.studio.digits.pad_reader import PadReader
from nn_perception.studio.digits.routes import Routes, STYLE_ROUTE
from nn_perception.studio.studio import Studio


def build(studio: Studio) -> None:  # noqa: ARG001
    """Add the view to the page."""
    ui.add_head_html(f'<link rel="stylesheet" href="{STYLE_ROUTE}">')
    Pad()


def add_routes(app: FastAPI, studio: Studio) -> None:  # noqa: ARG001
    """Add the routes of the view."""
    Routes(PadReader()).add_to(app)
