"""The stage: a picture, and the people in it as drawn figures."""

from __future__ import annotations

from pathlib import Path

from nicegui.element import Element

RIG = str(Path(__file__).with_name('rig'))


class CharacterStage(Element, component='character_stage.js', esm={'nn-character': RIG}):
    """
    Draw each person of a source as a figure.

    Everything happens in the browser; ``character_stage.js`` says how a source feeds it.
    """
