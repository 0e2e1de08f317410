"""Debian's Chromium, driven by Playwright, for the tests of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
import shutil
from typing import Any
from urllib.parse import urlsplit

from patience import HANGS_S
import pytest

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or ''
FLAGS = (
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--enable-unsafe-swiftshader',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
)
# A webcam and a microphone that play files, and a user who allows both.
FAKE_MEDIA = ('--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream')
# For whatever a page is waited for: it costs nothing where it comes sooner.
PATIENCE_MS = HANGS_S * 1000 / 5
OWN_SCHEMES = ('blob', 'data', 'about')
# What draws 3-D scenes in software says this of itself while its pixels are read.
SCREENSHOT = 'GPU stall due to ReadPixels'
OWN_HOSTS = ('127.0.0.1', 'localhost', '[::1]')


@dataclass
class Watched:
    """
    What a page did that it must not do.

    :ivar console: errors and warnings on the console, and uncaught exceptions
    :ivar foreign: addresses of requests to other machines
    """

    console: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def watch(self, page: Any) -> None:
        """Watch a page of Playwright."""
        page.on('console', self._on_console)
        page.on('pageerror', lambda error: self.console.append(f'uncaught: {error}'))
        page.on('request', self._on_request)

    def check(self) -> None:
        """Fail if the page did something of the kind."""
        assert self.console == []
        assert self.foreign == []

    def _on_console(self, message: Any) -> None:
        if message.type in ('error', 'warning') and SCREENSHOT not in message.text:
            self.console.append(f'{message.type}: {message.text}')

    def _on_request(self, request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme not in OWN_SCHEMES and address.hostname not in OWN_HOSTS:
            self.foreign.append(request.url)


@contextmanager
def browser(*flags: str) -> Iterator[Any]:
    """
    Run Chromium; the test is skipped where it is not installed.

    Its pages wait as long for what they are asked for as they may on a busy machine. Those that
    are opened without a context share one, and with it what was loaded and compiled before.

    :param flags: more flags, for example those of :func:`fake_webcam`
    """
    if not CHROMIUM:
        pytest.skip('no chromium: sudo apt install chromium')
    playwright = pytest.importorskip('playwright.sync_api')
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, *flags], timeout=PATIENCE_MS
        )
        _make_patient(started)
        try:
            yield started
        finally:
            started.close()


def _make_patient(started: Any) -> None:
    """Let contexts and pages wait longer than the 30 s of Playwright, and pages share one."""
    create = started.new_context
    shared: list[Any] = []

    def new_context(**options: Any) -> Any:
        context = create(**options)
        context.set_default_timeout(PATIENCE_MS)
        return context

    def new_page(viewport: Any = None, **options: Any) -> Any:
        if options:
            return new_context(viewport=viewport, **options).new_page()
        if not shared:
            shared.append(new_context())
        page = shared[0].new_page()
        if viewport:
            page.set_viewport_size(viewport)
        return page

    started.new_context, started.new_page = new_context, new_page


def fake_webcam(video: str) -> Sequence[str]:
    """
    Return the flags of a webcam that plays a file.

    :param video: an MJPEG or Y4M file, whose name ends so
    """
    return (*FAKE_MEDIA, f'--use-file-for-fake-video-capture={video}')
