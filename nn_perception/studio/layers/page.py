"""The view Layers: a look inside every network, in three dimensions."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import FileResponse
from nicegui import run, ui
from nn_perception.core.networks.defined.presets import PRESETS
from nn_perception.studio.layers.examples import example_thumbnail
from nn_perception.studio.layers.layers_view import LayersView
from nn_perception.studio.layers.networks import Networks, RUN
from nn_perception.studio.layers.socket import add_layers_socket
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.training.runs.data.catalog import available_data, GENERATED_DIGITS
from nn_perception.training.runs.records import RunSettings

STYLE = Path(__file__).with_name('layers.css')
STYLE_ROUTE = '/layers/layers.css'
LIST_PERIOD_S = 2.0
# What a run that is started here trains, and on what, if it is there.
PRESET, SAMPLES = 'lenet5', 'mnist'


def build(studio: Studio) -> None:
    """Add the view to the page."""
    ui.add_head_html(f'<link rel="stylesheet" href="{STYLE_ROUTE}">')
    view = LayersView(studio.cameras.list())

    async def refresh() -> None:
        cameras = await run.io_bound(studio.cameras.list)
        if cameras is not None:
            view.set_cameras(cameras)

    async def start() -> None:
        view.set_starting(True)
        try:
            network = await run.io_bound(_start_run, studio)
            if network is not None:
                view.choose(network)
        except ERRORS as error:
            view.say(sentence(error))
        finally:
            view.set_starting(False)

    view.on('start', start)
    ui.timer(LIST_PERIOD_S, refresh)


def add_routes(app: FastAPI, studio: Studio) -> None:
    """Add the routes of the view, and its WebSocket."""
    networks = Networks(lambda: studio.backend.fine_tuning, studio.inspectors.open, studio.runs)
    add_layers_socket(app, studio.cameras, networks)
    for path, answer in (
        (STYLE_ROUTE, lambda: FileResponse(STYLE)),
        ('/layers/example/{name}', _example),
    ):
        app.add_api_route(path, answer, response_model=None, include_in_schema=False)


def _example(name: str) -> Response:
    """Return a small picture of an example."""
    try:
        return Response(example_thumbnail(name), media_type='image/png')
    except ValueError as error:
        raise HTTPException(404, sentence(error)) from error


def _start_run(studio: Studio) -> str:
    """
    Train a small network on digits.

    :returns: the id of its network
    """
    usable = {one.name for one in available_data() if not one.reason}
    data = SAMPLES if SAMPLES in usable else GENERATED_DIGITS
    preset = PRESETS[PRESET]
    settings = RunSettings(preset.title, preset.define().to_json(), data)
    return f'{RUN}{studio.runs.start(settings).name}'
