"""A picture with what the networks found in it, as an element of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

STYLE = Path(__file__).with_name('camera_view.css')


class CameraView(Element, component='camera_view.js', esm={'nn-viewer': '.'}):
    """
    A picture with what the networks found in it; the browser draws both.

    :param camera: id of the camera of the server that is shown first; empty: none
    :param show: capabilities that are shown
    """

    def __init__(self, camera: str = '', show: Sequence[str] = ()) -> None:
        super().__init__()
        ui.add_css(STYLE)
        self._props['camera'] = camera
        self._props['show'] = list(show)
        self._props['match'] = False

    def show(self, capabilities: Sequence[str]) -> None:
        """Choose the capabilities that are shown."""
        self._props['show'] = list(capabilities)
        self.update()

    def match(self, match: bool) -> None:
        """Let pictures wait for their results, or not."""
        self._props['match'] = match
        self.update()

    def open_camera(self, camera: str) -> None:
        """Show a camera of the server."""
        self.run_method('openCamera', camera)

    def open_webcam(self, device: str = '') -> None:
        """
        Show a webcam of the browser.

        :param device: its id in the browser; empty: the preferred one
        """
        self.run_method('openWebcam', device)

    def freeze(self, frozen: bool) -> None:
        """Stay with the picture that is shown, or go on."""
        self.run_method('freeze', frozen)

    def on_files(self, handler: Callable[[str], Any]) -> None:
        """Call a function with the name of the picture or video that the user has opened."""
        self.on('files', lambda event: handler(str(event.args['name'])))

    def on_webcams(self, handler: Callable[[list[dict[str, str]]], Any]) -> None:
        """Call a function with the id and label of each webcam once they are known."""

        def handle(event: GenericEventArguments) -> None:
            handler(
                [{'id': str(one['id']), 'label': str(one['label'])} for one in event.args[:32]]
            )

        self.on('webcams', handle)
