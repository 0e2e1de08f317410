"""The view Layers as an element of a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nicegui.element import Element
from nn_perception.studio import digits, teach, viewer
from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.digits.examples import example_strokes
from nn_perception.studio.layers.examples import EXAMPLES
from nn_perception.studio.layers.scene import MODULES, THREE
from nn_perception.studio.modules import PAGE_MODULES

PANELS = str(Path(__file__).with_name('panels'))


def _modules(package: str | None, folder: str = 'modules') -> str:
    """Name the folder of the JavaScript modules of another view."""
    assert package is not None
    return str(Path(package).with_name(folder) if folder else Path(package).parent)


class LayersView(
    Element,
    component='layers_view.js',
    esm={
        'nn-layers': MODULES,
        'nn-layers-view': PANELS,
        'nn-digits': _modules(digits.__file__),
        'nn-teach': _modules(teach.__file__),
        'nn-viewer': _modules(viewer.__file__, ''),
        'nicegui-scene': THREE,
        **PAGE_MODULES,
    },
):
    """
    A network in three dimensions, and what belongs to it.

    Everything else happens in the browser and over the WebSocket of the view. Emits ``start`` when
    the user wants to train a network here.

    :param cameras: of the server
    """

    def __init__(self, cameras: Sequence[CameraInfo]) -> None:
        super().__init__()
        self._cameras: Sequence[CameraInfo] | None = None
        self._props['strokes'] = example_strokes()
        self._props['examples'] = [
            {'name': one.name, 'title': one.title, 'reads': one.reads} for one in EXAMPLES.values()
        ]
        self._props['starting'] = False
        self.set_cameras(cameras)

    def set_cameras(self, cameras: Sequence[CameraInfo]) -> None:
        """Let the list of cameras follow those that exist."""
        if self._cameras is not None and list(cameras) == list(self._cameras):
            return
        self._cameras = cameras
        self._props['cameras'] = [{'id': one.id, 'title': one.title} for one in cameras]
        self.update()

    def set_starting(self, starting: bool) -> None:
        """Show whether a run is being started."""
        self._props['starting'] = starting
        self.update()

    def choose(self, network: str) -> None:
        """Look into a network."""
        self.run_method('chooseNetwork', network)

    def say(self, sentence: str) -> None:
        """Show a sentence of the server."""
        self.run_method('say', sentence)
