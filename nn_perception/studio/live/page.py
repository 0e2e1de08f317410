"""The view Live: what the networks find in the images of a camera."""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
from urllib.parse import urlencode

from fastapi import FastAPI
from nicegui import run, ui
from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.backend.capabilities import CAPABILITIES, Capabilities
from nn_perception.studio.live.capability_panel import CapabilityPanel
from nn_perception.studio.live.file_opener import FileOpener
from nn_perception.studio.live.upload import add_upload
from nn_perception.studio.studio import Studio
from nn_perception.studio.viewer.camera_view import CameraView
from nn_perception.studio.viewer.socket import add_viewer_socket

STYLE = Path(__file__).with_name('live.css')
LIST_PERIOD_S = 2.0
# What the chooser calls sources that are not cameras of the server.
WEBCAM, FILES = 'webcam', 'files'


def add_routes(app: FastAPI, studio: Studio) -> None:
    """Add what brings pictures and results to the browser, and bags to the server."""
    add_viewer_socket(app, studio.cameras, studio.perception)
    add_upload(app, studio.uploads)


def build(studio: Studio) -> None:
    """Add the view to the page."""
    ui.add_css(STYLE)
    _LiveView(studio)


class _LiveView:
    """The view of one browser; the address keeps what it shows."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._cameras: Sequence[CameraInfo] = studio.cameras.list()
        self._webcams: dict[str, str] = {WEBCAM: 'Webcam of this browser'}
        self._files: dict[str, str] = {}
        query = ui.context.client.request.query_params
        wanted = query.get('show', ','.join(CAPABILITIES)).split(',')
        shown = [one for one in CAPABILITIES if one in wanted]
        first = self._cameras[0].id if self._cameras else ''
        self._source = query.get('camera', first)[:1024]
        with ui.element('div').classes('nn-live'):
            with ui.element('div').classes('nn-live-picture'):
                is_camera = not self._is_browser(self._source)
                self._view = CameraView(self._source if is_camera else '', shown)
                self._view.on_files(self._on_files)
                self._view.on_webcams(self._on_webcams)
                self._add_buttons()
            with ui.element('aside').classes('nn-live-side').props('aria-label="Settings"'):
                self._chooser = ui.select(
                    self._options(), value=self._source, label='Camera', on_change=self._choose
                )
                self._chooser.classes('w-full').props('outlined dense options-dense')
                FileOpener(lambda: self._view.run_method('openFiles'), self._on_opened)
                self._panel = CapabilityPanel(self._capabilities, shown, self._on_shown)
        ui.timer(LIST_PERIOD_S, self._refresh)
        if self._source.startswith(WEBCAM):
            ui.timer(0.2, lambda: self._open(self._source), once=True)

    def _add_buttons(self) -> None:
        view = self._view
        with ui.element('div').classes('nn-live-buttons'):
            freeze = ui.switch('Freeze', on_change=lambda event: view.freeze(event.value))
            freeze.tooltip('Stay with this picture and what was found in it')
            self._freeze = freeze
            match = ui.switch('Match pictures to results')
            match.on_value_change(lambda event: view.match(event.value))
            match.tooltip('Each picture waits until its results are there')
            ui.space()
            for text, icon, action, argument in (
                ('Save picture', 'photo_camera', 'savePicture', False),
                ('Save with results', 'image', 'savePicture', True),
                ('Save JSON', 'data_object', 'saveJson', None),
                ('Full screen', 'fullscreen', None, None),
            ):
                button = ui.button(text, icon=icon, color=None)
                button.props('flat dense no-caps').classes('nn-flat')
                if action is None:
                    # The browser allows it only in the handler of the click itself.
                    button.on('click', js_handler=f'() => getElement({view.id}).fullScreen()')
                else:
                    arguments = () if argument is None else (argument,)
                    button.on_click(
                        lambda _, name=action, given=arguments: view.run_method(name, *given)
                    )

    def _is_browser(self, source: str) -> bool:
        """Whether the pictures come from the browser."""
        return source == FILES or source.startswith(WEBCAM)

    def _capabilities(self) -> Capabilities:
        """Return the networks that process what is shown."""
        of_page = self._is_browser(self._source) or self._source.startswith('upload:')
        return self._studio.perception if of_page else self._studio.backend.capabilities

    def _options(self) -> dict[str, str]:
        options = {camera.id: camera.title for camera in self._cameras}
        options |= self._webcams | self._files
        if self._source and self._source not in options:
            options[self._source] = f'{self._source} (not there now)'
        return options

    async def _refresh(self) -> None:
        """Let the list follow the cameras."""
        cameras = await run.io_bound(self._studio.cameras.list)
        if cameras is not None and list(cameras) != list(self._cameras):
            self._cameras = cameras
            self._chooser.set_options(self._options())
            if not self._source and cameras:
                self._chooser.value = cameras[0].id

    def _choose(self) -> None:
        if self._chooser.value != self._source:
            self._open(str(self._chooser.value))

    def _open(self, source: str) -> None:
        """Show another source."""
        self._source = source
        self._freeze.value = False
        if source.startswith(WEBCAM):
            self._view.open_webcam(source.removeprefix(WEBCAM).removeprefix(':'))
        elif source != FILES:
            self._view.open_camera(source)
        self._keep()

    def _on_files(self, name: str) -> None:
        self._files = {FILES: name[:100]}
        self._source = FILES
        self._freeze.value = False
        self._chooser.set_options(self._options(), value=FILES)
        self._keep()

    async def _on_opened(self, camera: str) -> None:
        await self._refresh()
        if camera in self._options():
            self._chooser.value = camera

    def _on_webcams(self, webcams: list[dict[str, str]]) -> None:
        """Name the webcams, which the browser does only once one is allowed."""
        named = {f'{WEBCAM}:{one["id"]}': one['label'] for one in webcams if one['id']}
        self._webcams = {WEBCAM: 'Webcam of this browser', **named}
        self._chooser.set_options(self._options())

    def _on_shown(self, shown: list[str]) -> None:
        self._view.show(shown)
        self._keep()

    def _keep(self) -> None:
        """Keep the state in the address, so that it survives a reload."""
        state = {'camera': self._source, 'show': ','.join(self._panel.shown)}
        if self._source == FILES:
            del state['camera']
        address = json.dumps(f'?{urlencode(state, safe=",:/")}')
        ui.run_javascript(f'history.replaceState(null, "", {address})')
