"""
The routes behind the tabs: pictures, maps, looks at pictures of one's own, and checkpoints.

What a run refuses is an answer with a ``detail``, not a failed request: browsers write those to
their console, and the page shows the sentence itself.
"""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import re
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
import cv2
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from nn_perception.core.files.scratch import scratch_folder
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.studio.digits.drawing import unpack_drawing
from nn_perception.studio.studio import Studio
from nn_perception.studio.teach.downloads import TemporaryFile
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.studio.train.details.map_grid import grid_of, source_shape, write, write_maps
from nn_perception.studio.train.details.pictures import Pictures, shrunk
from nn_perception.training.inspection.inspectable import LookRequest
import numpy as np
from numpy.typing import NDArray

T = TypeVar('T')

ROOT = '/train/details'
BINARY = 'application/octet-stream'
# A test sample never changes.
KEEP = 'private, max-age=31536000, immutable'
NO_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28"><rect width="28" height="28" '
    'fill="#868e96"/><text x="14" y="20" font-size="18" text-anchor="middle" fill="#fff">?</text>'
    '</svg>'
)
MAX_TOP = 3
# Requests of all pages that wait for runs at a time.
MAX_WAITING = 8
# Larger pictures are made smaller: no network of a run sees more.
MAX_LOOK_PX = 1024


def add_details(app: FastAPI, studio: Studio) -> None:
    """Add the routes to an application."""
    routes = Routes(studio)
    for path, method, answer in (
        ('picture', 'GET', routes.picture),
        ('maps', 'GET', routes.maps),
        ('look', 'POST', routes.look),
        ('checkpoint', 'GET', routes.checkpoint),
    ):
        app.add_api_route(f'{ROOT}/{path}', answer, methods=[method], include_in_schema=False)


class Routes:
    """
    Answer the requests of the tabs.

    :param studio: has the runs
    """

    def __init__(self, studio: Studio) -> None:
        self._feed = studio.run_feed
        self._pictures = Pictures()
        self._limiter = CapacityLimiter(MAX_WAITING)

    async def picture(self, run: str, index: int) -> Response:
        """Return a test sample; a grey picture if the run cannot tell it any more."""
        try:
            found = await self._run(lambda: self._pictures.png(self._feed.find(run), index))
        except ERRORS:
            headers = {'cache-control': 'no-store'}
            return Response(NO_PICTURE, media_type='image/svg+xml', headers=headers)
        return Response(found, media_type='image/png', headers={'cache-control': KEEP})

    async def maps(self, run: str, layer: str, tensor: str, index: int = 0) -> Response:
        """Return the values of a layer."""

        def ask() -> bytes:
            one = self._feed.find(run)
            found = one.maps(layer, tensor, index)
            source = source_shape(one.layers(), layer) if found.values.ndim == 2 else ()
            return write_maps(found, grid_of(found, tensor, source))

        return await self._answer(ask)

    async def look(self, request: Request, run: str, width: int = 0, height: int = 0) -> Response:
        """
        Return what a run sees in a picture.

        :param width: of a drawing, light ink on black, one byte a pixel; 0: a file
        """
        body = await request.body()

        def ask() -> bytes:
            picture = unpack_drawing(body, width, height) if width else _decoded(body)
            found = self._feed.find(run).look(LookRequest(picture))
            best = [
                {'label': label, 'score': score}
                for label, score in zip(found.labels, found.scores, strict=True)
            ]
            size = {'height': found.seen.shape[0], 'width': found.seen.shape[1]}
            values = {'top': best[:MAX_TOP], 'ms': found.inference_ms, **size}
            return write(values, found.seen)

        return await self._answer(ask)

    async def checkpoint(self, run: str) -> Response:
        """Return the run as a checkpoint."""
        try:
            return await self._run(lambda: self._written(run))
        except ERRORS as error:
            raise HTTPException(422, sentence(error)) from error

    def _written(self, name: str) -> Response:
        found = self._feed.find(name)
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            path = folder / checkpoint_name(found.settings.title or name)
            found.write_checkpoint(path)
            return TemporaryFile(path, stack.pop_all())

    async def _answer(self, ask: Callable[[], bytes]) -> Response:
        try:
            content = await self._run(ask)
        except ERRORS as error:
            return JSONResponse({'detail': sentence(error)})
        headers = {'cache-control': 'no-store'}
        return Response(content, media_type=BINARY, headers=headers)

    async def _run(self, call: Callable[[], T]) -> T:
        return await to_thread.run_sync(call, limiter=self._limiter)


def checkpoint_name(title: str) -> str:
    """Return the name of a checkpoint's file, of characters that every system takes."""
    plain = re.sub(r'[^A-Za-z0-9_]+', '-', title).strip('-')[:60]
    return f'{plain or "run"}.safetensors'


def _decoded(body: bytes) -> NDArray[np.uint8]:
    try:
        image = decode_image(body, upright=True)
    except ValueError as error:
        raise ValueError(f'the picture {error}') from error
    smaller = shrunk(np.asarray(image, np.uint8), MAX_LOOK_PX)
    return np.asarray(cv2.cvtColor(smaller, cv2.COLOR_BGR2RGB), np.uint8)
