"""Buttons that open pictures, videos and bags of the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui.element import Element
from nn_perception.studio.modules import PAGE_MODULES


class FileOpener(Element, component='file_opener.js', esm=PAGE_MODULES):
    """
    Buttons that open pictures, videos and bags of the user.

    :param on_files: called when the user wants to choose pictures or a video
    :param on_opened: called with the id of the camera that a bag became
    """

    def __init__(self, on_files: Callable[[], Any], on_opened: Callable[[str], Any]) -> None:
        super().__init__()
        self.on('files', lambda: on_files())
        self.on('opened', lambda event: on_opened(str(event.args)))
