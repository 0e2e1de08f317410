"""The microphones of this machine, sound files, and what is heard and taught."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.backend.capabilities import CapabilityStatus
from nn_perception.studio.backend.fine_tuning import FineTuning
from nn_perception.studio.backend.sounds import Listening, SoundListener
from nn_perception.studio.local.sounds.hearing import Hearing


class LocalSounds:
    """
    :class:`~nn_perception.studio.backend.sounds.Sounds` in the process of the page.

    :param hearing: hears what is played
    :param files: sound files and folders that are microphones too
    """

    def __init__(self, hearing: Hearing, files: Sequence[str] = ()) -> None:
        self._hearing = hearing
        self._files = files

    @property
    def fine_tuning(self) -> FineTuning:
        """The dataset of clips, the job and the versions."""
        raise NotImplementedError

    def list(self) -> Sequence[CameraInfo]:
        """List the microphones that exist now."""
        raise NotImplementedError

    def listen(self, microphone: str, listener: SoundListener) -> Listening:
        """
        Receive a microphone's sound, and what the network hears in it.

        :raises ValueError: if there is no such microphone
        """
        raise NotImplementedError

    def silence_reason(self, microphone: str) -> str:
        """Say why no sound arrives; empty if sound arrives or nothing is known."""
        raise NotImplementedError

    def status(self) -> CapabilityStatus:
        """Describe the network that hears."""
        return self._hearing.status()

    def change(self, setting: str, value: float) -> None:
        """Change a setting of the network."""
        self._hearing.change(setting, value)

    def close(self) -> None:
        """Stop everything that was started."""
