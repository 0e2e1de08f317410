"""The HTTP routes of the view."""

from __future__ import annotations

from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from nn_perception.studio.character.figures import shipped_figures
from nn_perception.studio.character.svg.limits import FigureError, MAX_BYTES
from nn_perception.studio.character.svg_file import read_figure

FIGURES_ROUTE = '/character/figures'
FIGURE_ROUTE = '/character/figure'
# Drawings of strangers that are read at a time; each takes a second at most.
MAX_READERS = 2


def add_figure_routes(app: FastAPI) -> None:
    """
    Add the routes.

    ``GET /character/figures`` returns the models of the figures that ship. ``POST
    /character/figure`` takes an SVG file as its body and returns its model, or ``{"error":
    SENTENCE}``; nothing is stored.
    """
    limiter = CapacityLimiter(MAX_READERS)

    async def figures() -> JSONResponse:
        return JSONResponse(list(await to_thread.run_sync(shipped_figures)))

    async def figure(request: Request) -> Response:
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > MAX_BYTES:
                return _refused(f'The file is larger than {MAX_BYTES // 1000} kB.', 413)
        try:
            model: dict[str, Any] = await to_thread.run_sync(
                read_figure, bytes(data), limiter=limiter
            )
        except FigureError as error:
            # No status of an error: the browser would report one as a fault of the page.
            return _refused(str(error), 200)
        return JSONResponse(model)

    app.add_api_route(FIGURES_ROUTE, figures, include_in_schema=False)
    app.add_api_route(
        FIGURE_ROUTE, figure, methods=['POST'], response_model=None, include_in_schema=False
    )


def _refused(sentence: str, status: int) -> JSONResponse:
    return JSONResponse({'error': sentence}, status_code=status)
