"""
The routes of the view Teach: frames, thumbnails, uploads and what the camera shows.

What the robot refuses is an answer with a ``detail``, not a failed request: browsers write those
to their console, and the page shows the sentence itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import logging
from pathlib import Path
from typing import Any, TypeVar

from anyio import to_thread
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from nn_perception.core.imaging.formats.sniffing import read_container
from nn_perception.studio.access.limits.table import body_limit
from nn_perception.studio.access.uploads import receive_upload
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.downloads import Downloads
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.studio.teach.look import Look

LOG = logging.getLogger(__name__)

STYLE = Path(__file__).with_name('teach.css')
UPLOAD = '/teach/upload'
MAX_FRAMES = 500
MAX_NAME = 200
THUMBNAIL_PX = 160
# A thumbnail never changes: its address contains the hash of the picture.
KEEP = 'private, max-age=31536000, immutable'

T = TypeVar('T')


def add_routes(app: FastAPI, studio: Studio) -> None:
    """Add the routes of the view."""
    routes = Routes(studio)
    downloads = Downloads(studio.backend.fine_tuning)
    for path, method, answer in (
        ('/teach/teach.css', 'GET', lambda: FileResponse(STYLE)),
        ('/teach/frames', 'GET', routes.frames),
        ('/teach/frames', 'POST', routes.add_frame),
        ('/teach/thumbnail', 'GET', routes.thumbnail),
        (UPLOAD, 'POST', routes.upload),
        ('/teach/view', 'GET', routes.view),
        ('/teach/look', 'POST', routes.look),
        ('/teach/download/{kind}', 'GET', downloads.download),
    ):
        app.add_api_route(path, answer, methods=[method], include_in_schema=False)


class Routes:
    """
    Answer the requests of the view.

    :param studio: what all views share
    """

    def __init__(self, studio: Studio) -> None:
        self._fine_tuning = studio.backend.fine_tuning
        self._look = Look(studio.backend)

    async def frames(self, label: str = '', offset: int = 0, limit: int = 100) -> Response:
        """List frames, the newest first."""
        limit = min(max(limit, 0), MAX_FRAMES)
        page = await _run(partial(self._fine_tuning.frames, label, max(offset, 0), limit))
        found = [{'id': one.id, 'label': one.label, 'hash': one.sha256} for one in page.frames]
        return JSONResponse({'total': page.total, 'frames': found})

    async def add_frame(self, request: Request, label: str) -> Response:
        """Store a picture of the browser's camera."""
        picture = await request.body()
        return await _answer(lambda: {'id': self._fine_tuning.add_frame(picture, label)})

    async def thumbnail(self, request: Request, id: str, hash: str = '') -> Response:  # noqa: A002
        """Return a small picture of a frame; the browser keeps it by the hash."""
        tag = f'"{hash[:64]}"' if hash.isascii() and hash.isalnum() else ''
        headers = {'cache-control': KEEP, 'etag': tag} if tag else {}
        if tag and request.headers.get('if-none-match') == tag:
            return Response(status_code=304, headers=headers)
        picture = await _run(partial(self._fine_tuning.picture, id, THUMBNAIL_PX))
        return Response(picture, media_type=_media_type(picture), headers=headers)

    async def upload(self, request: Request, label: str = '', name: str = 'file') -> Response:
        """Store the pictures of a zip file."""
        name = name[:MAX_NAME]
        async with receive_upload(request, body_limit(UPLOAD)) as path:
            try:
                words = await to_thread.run_sync(self._fine_tuning.import_zip, path, label)
            except ERRORS as error:
                words = sentence(error).replace(str(path), name)
                return JSONResponse({'detail': words})
        return JSONResponse({'message': words.replace(str(path), name)})

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
        return await _answer(partial(self._look.look, picture))


async def _answer(call: Callable[[], dict[str, Any]]) -> Response:
    """Run a call in a thread; what cannot be done is an answer too."""
    try:
        return JSONResponse(await to_thread.run_sync(call))
    except ERRORS as error:
        return JSONResponse({'detail': sentence(error)})


async def _run(call: Callable[[], T]) -> T:
    """Run a call in a thread; what cannot be done is a sentence."""
    try:
        return await to_thread.run_sync(call)
    except ERRORS as error:
        raise HTTPException(422, sentence(error)) from error


def _media_type(picture: bytes) -> Any:
    kind = read_container(picture).kind
    return 'image/jpeg' if kind == 'JPEG' else f'image/{kind.lower()}'
