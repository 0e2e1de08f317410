"""
The routes that all views that teach have: examples, thumbnails, uploads and downloads.

What the robot refuses is an answer with a ``detail``, not a failed request: browsers write those
to their console, and the page shows the sentence itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from anyio import to_thread
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from nn_perception.core.imaging.formats.sniffing import read_container
from nn_perception.studio.access.limits.table import body_limit
from nn_perception.studio.access.uploads import receive_upload
from nn_perception.studio.backend.fine_tuning import FineTuning
from nn_perception.studio.teach.downloads import Downloads
from nn_perception.studio.teach.errors import ERRORS, sentence

MAX_FRAMES = 500
MAX_NAME = 200
# A thumbnail never changes: its address contains the hash of what it shows.
KEEP = 'private, max-age=31536000, immutable'

T = TypeVar('T')


class FrameRoutes:
    """
    Answer the requests that all views that teach have.

    :param route: beginning of the addresses
    :param fine_tuning: returns the dataset and the versions
    :param thumbnail: returns a small picture of an example by its id
    """

    def __init__(
        self,
        route: str,
        fine_tuning: Callable[[], FineTuning],
        thumbnail: Callable[[str], bytes],
    ) -> None:
        self._route = route
        self._fine_tuning = fine_tuning
        self._thumbnail = thumbnail
        self._downloads = Downloads(fine_tuning)

    def add_to(self, app: FastAPI) -> None:
        """Add them to an application."""
        for path, method, reply in (
            ('frames', 'GET', self.frames),
            ('frames', 'POST', self.add_frame),
            ('thumbnail', 'GET', self.thumbnail),
            ('upload', 'POST', self.upload),
            ('download/{kind}', 'GET', self._downloads.download),
        ):
            app.add_api_route(
                f'{self._route}/{path}', reply, methods=[method], include_in_schema=False
            )

    async def frames(self, label: str = '', offset: int = 0, limit: int = 100) -> Response:
        """List frames, the newest first."""
        limit = min(max(limit, 0), MAX_FRAMES)
        page = await run(lambda: self._fine_tuning().frames(label, max(offset, 0), limit))
        found = [
            {
                'id': one.id,
                'label': one.label,
                'hash': one.sha256,
                'recording': one.recording,
            }
            for one in page.frames
        ]
        return JSONResponse({'total': page.total, 'frames': found})

    async def add_frame(self, request: Request, label: str, recording: str = '') -> Response:
        """Store what a browser has recorded."""
        content = await request.body()

        def add() -> dict[str, Any]:
            return {'id': self._fine_tuning().add_frame(content, label, recording=recording)}

        return await answer(add)

    async def thumbnail(self, request: Request, id: str, hash: str = '') -> Response:  # noqa: A002
        """Return a small picture of a frame; the browser keeps it by the hash."""
        tag = f'"{hash[:64]}"' if hash.isascii() and hash.isalnum() else ''
        headers = {'cache-control': KEEP, 'etag': tag} if tag else {}
        if tag and request.headers.get('if-none-match') == tag:
            return Response(status_code=304, headers=headers)
        picture = await run(partial(self._thumbnail, id))
        return Response(picture, media_type=_media_type(picture), headers=headers)

    async def upload(self, request: Request, label: str = '', name: str = 'file') -> Response:
        """Store the files of a zip file."""
        name = name[:MAX_NAME]
        async with receive_upload(request, body_limit(f'{self._route}/upload')) as path:
            try:
                words = await to_thread.run_sync(
                    lambda: self._fine_tuning().import_zip(path, label)
                )
            except ERRORS as error:
                words = sentence(error).replace(str(path), name)
                return JSONResponse({'detail': words})
        return JSONResponse({'message': words.replace(str(path), name)})


async def answer(call: Callable[[], dict[str, Any]]) -> Response:
    """Run a call in a thread; what cannot be done is an answer too."""
    try:
        return JSONResponse(await to_thread.run_sync(call))
    except ERRORS as error:
        return JSONResponse({'detail': sentence(error)})


async def run(call: Callable[[], T]) -> T:
    """Run a call in a thread; what cannot be done is a sentence."""
    try:
        return await to_thread.run_sync(call)
    except ERRORS as error:
        raise HTTPException(422, sentence(error)) from error


def _media_type(picture: bytes) -> Any:
    kind = read_container(picture).kind
    return 'image/jpeg' if kind == 'JPEG' else f'image/{kind.lower()}'
