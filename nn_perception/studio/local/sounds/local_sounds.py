"""The microphones of this machine, what is heard, and what sounds are taught."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.capabilities.sounds.defaults import DEFAULT_SOUND_MODEL
from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.backend.capabilities import CapabilityStatus
from nn_perception.studio.backend.sounds import SoundListener
from nn_perception.studio.local.fine_tuning import LocalFineTuning, LocalFineTuningOptions
from nn_perception.studio.local.sounds.hearing import Hearing, TAUGHT_SOUNDS
from nn_perception.studio.local.sounds.microphone_recording import RecordedMicrophones
from nn_perception.studio.local.sounds.microphones import Microphones
from nn_perception.studio.local.sounds.sound_feed import FeedListening


def sound_options(folders: LocalFineTuningOptions) -> LocalFineTuningOptions:
    """Return the options of sounds; the folders are those of other options."""
    return LocalFineTuningOptions(
        datasets=folders.datasets,
        dataset=TAUGHT_SOUNDS,
        models=folders.models,
        model=TAUGHT_SOUNDS,
        base=DEFAULT_SOUND_MODEL,
    )


class LocalSounds:
    """
    :class:`~nn_perception.studio.backend.sounds.Sounds` in the process of the page.

    :param hearing: hears what is played; the caller closes it
    :param files: sound files that are microphones too
    :param options: what is taught, and where it is stored; see :func:`sound_options`
    :ivar fine_tuning: the dataset of clips, the job and the versions
    :raises OSError: if one of the files cannot be read
    :raises ValueError: if one of them is no sound
    """

    def __init__(
        self,
        hearing: Hearing,
        files: Sequence[str] = (),
        options: LocalFineTuningOptions | None = None,
    ) -> None:
        self._hearing = hearing
        self._microphones = Microphones(hearing, files)
        options = options or sound_options(LocalFineTuningOptions())
        self.fine_tuning = LocalFineTuning(RecordedMicrophones(self._microphones), options)

    def list(self) -> Sequence[CameraInfo]:
        """List the microphones that exist now."""
        return self._microphones.list()

    def listen(self, microphone: str, listener: SoundListener) -> FeedListening:
        """
        Receive a microphone's sound, and what the network hears in it.

        :raises ValueError: if there is no such microphone
        """
        return self._microphones.listen(microphone, listener)

    def silence_reason(self, microphone: str) -> str:
        """Say why no sound arrives; empty if sound arrives or nothing is known."""
        return self._microphones.silence_reason(microphone)

    def status(self) -> CapabilityStatus:
        """Describe the network that hears."""
        return self._hearing.status()

    def change(self, setting: str, value: float) -> None:
        """Change a setting of the network, for everybody who listens."""
        self._hearing.change(setting, value)

    def close(self) -> None:
        """Stop everything that was started."""
        self.fine_tuning.close()
        self._microphones.close()
