"""The walk-through beside the view."""

from __future__ import annotations

from nicegui.element import Element
from nn_perception.studio.train.details.walk_steps import STEPS


class Walk(Element, component='walk.js'):
    """Steps that explain how a network is trained, and point to where it happens."""

    def __init__(self) -> None:
        super().__init__()
        self._props['steps'] = [step.values() for step in STEPS]
