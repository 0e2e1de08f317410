"""The frame of all views: header, navigation and colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import importlib
from typing import Any

from fastapi import FastAPI
from nicegui import ui
from nn_perception.studio.studio import Studio


@dataclass(frozen=True)
class View:
    """
    A view of the page.

    :param path: of its address
    :param title: for people
    :param icon: name of a Material icon
    :param module: has ``build(studio)``, and ``add_routes(app, studio)`` if it has routes
    """

    path: str
    title: str
    icon: str
    module: str

    def load(self) -> Any:
        """Import its module."""
        return importlib.import_module(f'nn_perception.studio.{self.module}')


VIEWS = (
    View('/', 'Live', 'videocam', 'live.page'),
    View('/digits', 'Digits', 'draw', 'digits.page'),
    View('/teach', 'Teach', 'school', 'teach.page'),
    View('/character', 'Character', 'accessibility_new', 'character.page'),
)


def add_pages(app: FastAPI, studio: Studio) -> None:
    """Add all views and their routes to an application."""
    for view in VIEWS:
        module = view.load()
        if hasattr(module, 'add_routes'):
            module.add_routes(app, studio)
        _add_page(view, module.build, studio)


def _add_page(view: View, build: Callable[[Studio], None], studio: Studio) -> None:
    @ui.page(view.path, title=f'{view.title} · nn_perception')
    def page() -> None:
        with _frame(view, studio):
            build(studio)


@contextmanager
def _frame(view: View, studio: Studio) -> Iterator[None]:
    """Build what surrounds a view."""
    ui.colors(primary='#0b7285', secondary='#495057', accent='#e8590c')
    with ui.header().classes('items-center'):
        ui.label('nn_perception')
        with ui.row():
            for other in VIEWS:
                link = ui.link(other.title, other.path)
                if other is view:
                    link.props('aria-current=page')
        ui.space()
        ui.label(studio.backend.title)
    with ui.column().classes('w-full'):
        yield
