"""The drawing pad, as an element of a page."""

from __future__ import annotations

from pathlib import Path

from nicegui.element import Element
from nn_perception.studio.digits.examples import example_strokes
from nn_perception.studio.modules import PAGE_MODULES

MODULES = str(Path(__file__).with_name('modules'))


class Pad(Element, component='pad.js', esm={'nn-digits': MODULES, **PAGE_MODULES}):
    """
    Draw digits, and see how the networks read them.

    Everything happens in the browser and over the routes of the view; the drawing survives a
    restart of the server.
    """

    def __init__(self) -> None:
        super().__init__()
        self._props['examples'] = example_strokes()
