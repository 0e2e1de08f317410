"""The robot without ROS: cameras, networks and fine-tuning in the process of the page."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.studio.local.camera_recording import RecordedCameras
from nn_perception.studio.local.cameras import LocalCameras
from nn_perception.studio.local.fine_tuning import LocalFineTuning, LocalFineTuningOptions
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.local.sounds.hearing import Hearing, HearingChoice
from nn_perception.studio.local.sounds.local_sounds import LocalSounds, sound_options
from nn_perception.studio.local.sounds.microphones import is_sound


class LocalBackend:
    """
    A :class:`~nn_perception.studio.backend.backend.Backend` in the process of the page.

    :param perception: its networks; the page uses them also for pictures of browsers
    :param files: photographs, folders, videos, bags or URLs that are cameras too, and sounds that
        are microphones
    :param options: what is taught from pictures, and where it is stored; sounds are stored beside
    :param hearing: its network for sounds; the page uses it also for microphones of browsers
    :raises OSError: if one of the files is a bag that cannot be read
    :raises ValueError: if one of them cannot be played
    :raises ImportError: if one of them is a bag, and the package rosbags is not installed
    """

    title = 'this machine, without ROS'

    def __init__(
        self,
        perception: Perception,
        files: Sequence[str] = (),
        options: LocalFineTuningOptions | None = None,
        hearing: Hearing | None = None,
    ) -> None:
        sounds = [file for file in files if is_sound(file)]
        self.cameras = LocalCameras(perception, [file for file in files if file not in sounds])
        self.capabilities = perception
        options = options or LocalFineTuningOptions()
        self.fine_tuning = LocalFineTuning(RecordedCameras(self.cameras), options)
        self.hearing = hearing or Hearing(HearingChoice(store_folder=str(options.models)))
        self.sounds = LocalSounds(self.hearing, sounds, sound_options(options))

    def close(self) -> None:
        """Stop everything that was started."""
        self.sounds.close()
        self.hearing.close()
        self.fine_tuning.close()
        self.cameras.close()
        self.capabilities.close()
