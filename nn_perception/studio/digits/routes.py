"""The HTTP routes of the view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import logging
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from nn_perception.capabilities.digits.single.pen_drawing import Drawing
from nn_perception.studio.digits.drawing import decode_drawing, MAX_BYTES, unpack_drawing
from nn_perception.studio.digits.pad_reader import NotReadyError, PadReader
from nn_perception.studio.digits.reading import LinesReading, PadReading

LOG = logging.getLogger(__name__)

STYLE = Path(__file__).with_name('digits.css')
STYLE_ROUTE = '/digits/digits.css'
READ_ROUTE = '/digits/read'
NETWORKS_ROUTE = '/digits/networks'
DIGIT, LINES = 'digit', 'lines'
# Drawings that are read at a time; each takes some milliseconds.
MAX_READERS = 2
ACCEPTED, BAD_REQUEST, TOO_LARGE, FAILED = 202, 400, 413, 500


class Routes:
    """
    Answer the requests of the view.

    ``GET /digits/networks`` says whether the networks are loaded, and what they are.
    ``POST /digits/read?mode=digit|lines`` takes a picture of light ink on black or, with ``width``
    and ``height``, its pixels, one byte each. While the networks are loaded, the status is 202;
    for a wrong request, 400 or 413, with ``{"error": SENTENCE}``.

    :param reader: reads the drawings
    """

    def __init__(self, reader: PadReader) -> None:
        self._reader = reader
        self._limiter = CapacityLimiter(MAX_READERS)

    def add_to(self, app: FastAPI) -> None:
        """Add the routes to an application."""
        for path, answer, method in (
            (STYLE_ROUTE, lambda: FileResponse(STYLE), 'GET'),
            (NETWORKS_ROUTE, self.networks, 'GET'),
            (READ_ROUTE, self.read, 'POST'),
        ):
            app.add_api_route(
                path, answer, methods=[method], response_model=None, include_in_schema=False
            )

    def networks(self) -> Response:
        """Begin to load the networks, and describe them once they are loaded."""
        message = self._reader.request()
        return JSONResponse({'message': message, 'networks': self._reader.descriptions()})

    async def read(self, request: Request) -> Response:
        """Read a drawing."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                return _refused('The drawing is larger than 1 MB.', TOO_LARGE)
        query = request.query_params
        mode = query.get('mode', DIGIT)
        if mode not in (DIGIT, LINES):
            return _refused('The mode must be digit or lines.', BAD_REQUEST)
        try:
            decode = _decoder(bytes(body), query.get('width', ''), query.get('height', ''))
            reading = await to_thread.run_sync(
                partial(self._read, decode, mode), limiter=self._limiter
            )
        except ValueError as error:
            return _refused(str(error), BAD_REQUEST)
        except NotReadyError as error:
            return JSONResponse({'state': 'loading', 'message': str(error)}, ACCEPTED)
        except RuntimeError as error:
            LOG.warning('a drawing cannot be read: %s', error)
            return _refused(f'The drawing cannot be read: {error}.', FAILED)
        return JSONResponse(reading.values())

    def _read(self, decode: Callable[[], Drawing], mode: str) -> PadReading | LinesReading:
        drawing = decode()
        return self._reader.read_lines(drawing) if mode == LINES else self._reader.read(drawing)


def _decoder(body: bytes, width: str, height: str) -> Callable[[], Drawing]:
    """
    Choose how to decode a body.

    :raises ValueError: if the size is no number
    """
    if not width and not height:
        return partial(decode_drawing, body)
    if not all(side.isascii() and side.isdigit() and len(side) <= 5 for side in (width, height)):
        raise ValueError('The width and the height must be whole numbers.')
    return partial(unpack_drawing, body, int(width), int(height))


def _refused(sentence: str, status: int) -> JSONResponse:
    return JSONResponse({'error': sentence}, status_code=status)
