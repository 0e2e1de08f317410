"""Calls of the robot by a page: in a thread, and what fails is said on the page."""

from __future__ import annotations

from collections.abc import Callable
import logging
from typing import Any, TypeVar

from nicegui import context, run, ui
from nn_perception.studio.teach.errors import ERRORS, sentence

LOG = logging.getLogger(__name__)

T = TypeVar('T')


async def attempt(call: Callable[..., T], *arguments: Any) -> T | None:
    """Call in a thread; :returns: None if it failed, which the page says."""
    client = context.client
    try:
        return await run.io_bound(call, *arguments)
    except ERRORS as error:
        with client:
            ui.notify(sentence(error), type='negative', multi_line=True, close_button='Close')
        return None


async def attempt_quietly(call: Callable[..., T], *arguments: Any) -> T | None:
    """Call in a thread; :returns: None if it failed, which the banner of the view explains."""
    try:
        return await run.io_bound(call, *arguments)
    except ERRORS as error:
        LOG.debug('%s', error)
        return None


async def done(call: Callable[..., object], *arguments: Any) -> bool:
    """Call in a thread; :returns: whether it succeeded; the page says if not."""

    def run_it() -> bool:
        call(*arguments)
        return True

    return bool(await attempt(run_it))


async def confirmed(question: str, action: str) -> bool:
    """Ask before something that cannot be undone."""
    # Not where the event came from: that may be deleted before the answer.
    with context.client.content, ui.dialog() as dialog, ui.card().classes('nn-card'):
        ui.label(question)
        with ui.row().classes('nn-row'):
            ui.button('Cancel', on_click=lambda: dialog.submit(False)).props('flat autofocus')
            ui.button(action, on_click=lambda: dialog.submit(True)).props('color=negative')
    answer = bool(await dialog)
    dialog.delete()
    return answer
