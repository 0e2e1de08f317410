"""Videos and bags that a browser sends, to be played as cameras."""

from __future__ import annotations

from anyio import to_thread
from fastapi import FastAPI, HTTPException, Request
from nn_perception.studio.access.limits.table import MAX_UPLOAD_BYTES
from nn_perception.studio.access.uploads import receive_upload
from nn_perception.studio.local.uploads import Uploads

PATH = '/live/upload'
MAX_NAME = 255


def add_upload(app: FastAPI, uploads: Uploads) -> None:
    """
    Add the route that receives a video or a bag, as the body of the request.

    :param uploads: plays them
    """

    @app.post(PATH)
    async def upload(request: Request, name: str) -> dict[str, list[dict[str, str]]]:
        if not 0 < len(name) <= MAX_NAME:
            raise HTTPException(400, f'The name of a file has up to {MAX_NAME} characters.')
        async with receive_upload(request, MAX_UPLOAD_BYTES) as path:
            try:
                cameras = await to_thread.run_sync(uploads.add, path, name)
            except (ValueError, OSError) as error:
                raise HTTPException(400, f'{name} cannot be played: {error}') from error
        return {'cameras': [{'id': one.id, 'title': one.title} for one in cameras]}
