"""The stage: a picture, and the people in it as drawn figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nicegui.element import Element
from nn_perception.studio import viewer
from nn_perception.studio.backend.cameras import CameraInfo

RIG = str(Path(__file__).with_name('rig'))
VIEWER = str(Path(viewer.__file__).parent)


class CharacterStage(
    Element, component='character_stage.js', esm={'nn-character': RIG, 'nn-viewer': VIEWER}
):
    """
    Draw each person of a source as a figure.

    Everything else happens in the browser; ``character_stage.js`` says how a source feeds it.

    :param cameras: of the server
    """

    def __init__(self, cameras: Sequence[CameraInfo]) -> None:
        super().__init__()
        self._cameras: Sequence[CameraInfo] = ()
        self.set_cameras(cameras)

    def set_cameras(self, cameras: Sequence[CameraInfo]) -> None:
        """Let the list of sources follow the cameras."""
        if self._props.get('cameras') is not None and list(cameras) == list(self._cameras):
            return
        self._cameras = cameras
        self._props['cameras'] = [{'id': one.id, 'title': one.title} for one in cameras]
        self.update()
