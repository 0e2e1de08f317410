"""The components of the view Sound, each with its JavaScript beside it."""

from __future__ import annotations

from pathlib import Path

from nn_perception.studio.teach.components import Component, MODULES
from nn_perception.studio.teach.taught import SOUNDS

OWN = {'nn-sound': str(Path(__file__).with_name('modules')), 'nn-viewer': MODULES['nn-viewer']}


class SoundLive(Component, component='sound_live.js', esm=OWN):
    """
    The microphone, its spectrogram, and what is heard.

    Emits what :class:`~nn_perception.studio.teach.components.LiveView` emits, and ``source`` with
    the ``source`` that was chosen: ``none``, ``browser`` or ``robot``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.show(cameras={}, camera='', microphones=[], kind=SOUNDS.for_browser())


class ClipEditor(Component, component='clip_editor.js', esm=OWN):
    """Plays and trims the clip that is active in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.show(kind=SOUNDS.for_browser())
