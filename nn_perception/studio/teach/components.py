"""The components of the view Teach, each with its JavaScript beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nicegui.element import Element
from nn_perception.studio import viewer
from nn_perception.studio.teach.taught import PICTURES, Taught

MODULES = {
    'nn-teach': str(Path(__file__).with_name('modules')),
    'nn-viewer': str(Path(viewer.__file__).parent),
}


class Component(Element):
    """A component whose properties are changed only where they differ."""

    def show(self, **properties: Any) -> None:
        """Set properties."""
        changed = {key: one for key, one in properties.items() if self._props.get(key) != one}
        if changed:
            self._props.update(changed)
            self.update()


class ClassCard(Component, component='class_card.js', esm=MODULES):
    """
    A class; emits ``rename`` with ``name``, ``remove`` and ``open``.

    :param label: its name
    :param taught: what is taught
    """

    def __init__(self, label: str, taught: Taught = PICTURES) -> None:
        super().__init__()
        self.show(label=label, count=0, recording=False, locked=False)
        self.show(kind=taught.for_browser(label))


class UploadAll(Component, component='upload_all.js', esm=MODULES):
    """
    Buttons to upload files whose folders are their labels.

    :param taught: what is taught
    """

    def __init__(self, taught: Taught = PICTURES) -> None:
        super().__init__()
        self.show(kind=taught.for_browser())


class LiveView(Component, component='live_view.js', esm=MODULES):
    """
    The camera, and what the active version sees.

    Emits ``hold`` with ``label`` and ``rate`` when a recording begins, ``keep`` twice a second
    while it goes on, ``release``, and ``camera`` with the ``camera`` that was chosen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.show(cameras={}, camera='')


class FrameGrid(Component, component='frame_grid.js'):
    """
    The frames of a class, or a list of frames; emits ``remove`` with ``ids``.

    :param label: of the frames; empty: all
    :param listed: only these frames, with ``id``, ``label`` and ``hash``; None: those of the label
    :param taught: what is taught
    """

    def __init__(
        self,
        label: str,
        listed: Sequence[dict[str, str]] | None = None,
        taught: Taught = PICTURES,
    ) -> None:
        super().__init__()
        self.show(label=label, listed=listed, revision=0, locked=False)
        self.show(kind=taught.for_browser())


class Confusion(Component, component='confusion.js'):
    """A confusion matrix; emits ``cell`` with ``label`` and ``predicted``."""

    def __init__(
        self, labels: Sequence[str], matrix: Sequence[Sequence[int]], taught: Taught = PICTURES
    ) -> None:
        super().__init__()
        self.show(kind=taught.for_browser())
        self.show(labels=list(labels), matrix=[list(row) for row in matrix])
