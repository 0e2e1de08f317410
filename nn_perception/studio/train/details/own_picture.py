"""A picture or a drawing of one's own, and what the run sees in it."""

from __future__ import annotations

from pathlib import Path

from nicegui.element import Element
from nn_perception.studio.digits.pad import MODULES as PAD_MODULES
from nn_perception.studio.modules import PAGE_MODULES
from nn_perception.studio.studio import Studio
from nn_perception.studio.train.details.run_detail import RunDetail
from nn_perception.studio.train.feed import RunReading
from nn_perception.studio.train.selection import RunSelection

MODULES = str(Path(__file__).with_name('modules'))


class OwnPicture(
    Element,
    component='own_picture.js',
    esm={'nn-details': MODULES, 'nn-digits': PAD_MODULES, **PAGE_MODULES},
):
    """A pad, a place for pictures, and the answer; it asks the routes itself."""


class TryIt(RunDetail):
    """
    Try the selected run with a picture or a drawing of one's own.

    :param selection: the run
    :param _studio: what all views share
    """

    def __init__(self, selection: RunSelection, _studio: Studio) -> None:
        super().__init__(selection)
        self._own = OwnPicture()
        self.forget()

    def forget(self) -> None:
        """Read nothing."""
        self._own.props.update(run='', step=-1)
        self._own.update()

    async def refresh(self, reading: RunReading) -> None:
        """Let the page read its picture again, with the weights of now."""
        self._own.props.update(run=reading.name, step=reading.status.step)
        self._own.update()
