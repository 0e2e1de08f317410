"""The view Live: what the networks find in the images of a camera."""

from __future__ import annotations

from fastapi import FastAPI
from nicegui import ui
from nn_perception.studio.studio import Studio
from nn_perception.studio.viewer.socket import add_viewer_socket


def add_routes(app: FastAPI, studio: Studio) -> None:
    """Add the WebSocket that brings pictures and results to the browser."""
    add_viewer_socket(app, studio.cameras, studio.perception)


def build(studio: Studio) -> None:  # noqa: ARG001
    """Add the view to the page."""
    ui.label('Live')
