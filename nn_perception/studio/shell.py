"""The frame of all views: header, navigation and colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import importlib
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse
from nicegui import ui
from nn_perception.studio.studio import Studio

STYLE = Path(__file__).with_name('shell.css')
STYLE_ROUTE = '/shell.css'
# The browser keeps the choice, so that a page has its colours before it is connected.
THEME_COOKIE = 'theme'
THEMES = {
    'auto': (None, 'brightness_auto', 'colours of the system'),
    'light': (False, 'light_mode', 'light colours'),
    'dark': (True, 'dark_mode', 'dark colours'),
}
COOKIE_AGE_S = 365 * 24 * 3600


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
    View('/sound', 'Sound', 'mic', 'sound.page'),
    View('/train', 'Train', 'model_training', 'train.page'),
    View('/layers', 'Layers', 'view_in_ar', 'layers.page'),
    View('/character', 'Character', 'accessibility_new', 'character.page'),
)


def add_pages(app: FastAPI, studio: Studio) -> None:
    """Add all views and their routes to an application."""
    app.add_api_route(STYLE_ROUTE, lambda: FileResponse(STYLE), include_in_schema=False)
    for view in VIEWS:
        module = view.load()
        if hasattr(module, 'add_routes'):
            module.add_routes(app, studio)
        _add_page(view, module.build, studio)


def _add_page(view: View, build: Callable[[Studio], None], studio: Studio) -> None:
    @ui.page(view.path, title=f'{view.title} · nn_perception')
    def page(request: Request) -> None:
        with _frame(view, studio, request.cookies.get(THEME_COOKIE, '')):
            build(studio)


@contextmanager
def _frame(view: View, studio: Studio, theme: str) -> Iterator[None]:
    """Build what surrounds a view."""
    ui.add_head_html(f'<link rel="stylesheet" href="{STYLE_ROUTE}">')
    ui.colors(primary='#0b7285', secondary='#495057', accent='#e8590c')
    ui.html('<a class="nn-skip" href="#content">Skip to the content</a>', sanitize=False)
    with ui.header(elevated=False).classes('nn-header'):
        with ui.link(target='/').classes('nn-brand').props('aria-label="nn_perception, Live"'):
            ui.image('/favicon.ico').classes('nn-mark').props('alt="" no-spinner no-transition')
            ui.label('nn_perception').classes('nn-name')
        with ui.element('nav').classes('nn-views').props('aria-label="Views"'):
            for other in VIEWS:
                _add_link(other, current=other is view)
        ui.label(studio.backend.title).classes('nn-backend')
        _add_theme_button(theme)
    with ui.element('main').classes('nn-content').props('id=content tabindex=-1'):
        ui.html(f'<h1 class="nn-hidden">{view.title}</h1>', sanitize=False)
        yield


def _add_link(view: View, *, current: bool) -> None:
    with ui.link(target=view.path).classes('nn-view') as link:
        ui.icon(view.icon).props('aria-hidden=true')
        ui.label(view.title)
    if current:
        link.props('aria-current=page')


def _add_theme_button(theme: str) -> None:
    """Add the button that goes through the themes."""
    dark = ui.dark_mode()
    names = list(THEMES)
    button = ui.button().props('flat round dense color=none').classes('nn-theme')

    def show(name: str) -> None:
        value, icon, words = THEMES[name]
        dark.value = value
        button.props(f'icon={icon} aria-label="Theme: {words}" title="{words.capitalize()}"')

    def switch() -> None:
        nonlocal theme
        theme = names[(names.index(theme) + 1) % len(names)]
        show(theme)
        ui.run_javascript(
            f'document.cookie = "{THEME_COOKIE}={theme};path=/;samesite=strict;'
            f'max-age={COOKIE_AGE_S}"'
        )

    theme = theme if theme in THEMES else names[0]
    show(theme)
    button.on_click(switch)
