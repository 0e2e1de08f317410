"""The routes of the view Teach: its frames, and what the camera shows."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.studio.teach.frame_routes import answer, FrameRoutes
from nn_perception.studio.teach.look import Look
from nn_perception.studio.teach.taught import PICTURES

STYLE = Path(__file__).with_name('teach.css')
STYLE_ROUTE = '/teach/teach.css'
THUMBNAIL_PX = 160


def add_routes(app: FastAPI, studio: Studio) -> None:
    """Add the routes of the view."""
    backend = studio.backend
    FrameRoutes(
        PICTURES.route,
        lambda: backend.fine_tuning,
        lambda frame: backend.fine_tuning.picture(frame, THUMBNAIL_PX),
    ).add_to(app)
    routes = Routes(studio)
    for path, method, reply in (
        (STYLE_ROUTE, 'GET', lambda: FileResponse(STYLE)),
        ('/teach/view', 'GET', routes.view),
        ('/teach/look', 'POST', routes.look),
    ):
        app.add_api_route(path, reply, methods=[method], include_in_schema=False)


class Routes:
    """
    Answer the requests of the view.

    :param studio: what all views share
    """

    def __init__(self, studio: Studio) -> None:
        self._look = Look(studio.backend)

    async def view(self, after: int = 0) -> Response:
        """Return the next image of the camera that is recorded; nothing if none comes."""
        try:
            image = await to_thread.run_sync(self._look.next_image, after)
        except ERRORS as error:
            image = sentence(error)
        if isinstance(image, str):
            return JSONResponse({'detail': image})
        headers = {'x-stamp': str(image.stamp_ns)}
        return Response(image.jpeg, media_type='image/jpeg', headers=headers)

    async def look(self, request: Request) -> Response:
        """Say what the model sees in a picture; in that of the robot's camera without a body."""
        picture = await request.body()
        return await answer(partial(self._look.look, picture))
