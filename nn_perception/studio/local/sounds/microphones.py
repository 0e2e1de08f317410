"""The samples, sound files and microphones of this machine, as microphones of the page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
import importlib.util
from pathlib import Path
import threading

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ
from nn_perception.core.audio.sound_kinds import SOUND_SUFFIXES
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.sources.photographs import photographs_in
from nn_perception.sources.sounds.microphone import is_microphone, PREFIX
from nn_perception.sources.sounds.open_sounds import open_sounds
from nn_perception.sources.sounds.recordings import sounds_in
from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.backend.sounds import SoundListener
from nn_perception.studio.local.sounds.hearing import Hearing
from nn_perception.studio.local.sounds.played_microphone import MicrophoneSource, PlayedMicrophone
from nn_perception.studio.local.sounds.sound_feed import FeedListening

SAMPLE_SOUNDS = SAMPLES_FOLDER / 'sounds'


class Microphones:
    """
    Samples, files and devices as microphones; nothing is played while nobody listens.

    :param hearing: hears what is played
    :param files: sound files, folders of them and devices that are microphones too
    :raises OSError: if one cannot be read
    :raises ValueError: if one is no sound
    """

    def __init__(self, hearing: Hearing, files: Sequence[str] = ()) -> None:
        self._hearing = hearing
        self._fixed = [*map(_file_source, files), *_sample_sources()]
        self._lock = threading.Lock()
        self._microphones: dict[str, PlayedMicrophone] = {}

    def list(self) -> Sequence[CameraInfo]:
        """List the microphones that exist now."""
        return [source.info for source in self._sources()]

    def listen(
        self, microphone: str, listener: SoundListener, *, results: bool = True
    ) -> FeedListening:
        """
        Receive a microphone's sound, and what the network hears in it.

        :param results: whether the listener wants to know what is heard
        :raises ValueError: if there is no such microphone
        """
        return self._microphone(microphone).feed.listen(listener, results=results)

    def silence_reason(self, microphone: str) -> str:
        """Say why no sound arrives; empty if sound arrives or nothing is known."""
        try:
            return self._microphone(microphone).problem
        except ValueError as error:
            return str(error)

    def close(self) -> None:
        """Stop all microphones."""
        with self._lock:
            microphones = list(self._microphones.values())
            self._microphones.clear()
        for microphone in microphones:
            microphone.close()

    def _sources(self) -> Sequence[MicrophoneSource]:
        return [*self._fixed, *_device_sources()]

    def _microphone(self, name: str) -> PlayedMicrophone:
        with self._lock:
            if name in self._microphones:
                return self._microphones[name]
        sources = {source.info.id: source for source in self._sources()}
        with self._lock:
            if name not in self._microphones:
                if name not in sources:
                    raise ValueError(f'there is no microphone {name} any more')
                self._microphones[name] = PlayedMicrophone(sources[name], self._hearing)
            return self._microphones[name]


def is_sound(file: str) -> bool:
    """Tell whether a file, a folder or the name of a device is a source of sound."""
    path = Path(file).expanduser()
    if path.is_dir():
        return bool(sounds_in(path)) and not photographs_in(path)
    return is_microphone(file) or path.suffix.lower() in SOUND_SUFFIXES


def _file_source(file: str) -> MicrophoneSource:
    device = is_microphone(file)
    source = partial(open_sounds, file, 0 if device else SAMPLE_RATE_HZ)
    source().close()  # says what is wrong with it
    info = CameraInfo(f'file:{file}', Path(file).name, 'microphone' if device else 'file')
    return MicrophoneSource(info, source)


def _sample_sources() -> list[MicrophoneSource]:
    """List the sounds that ship with the package."""
    if not SAMPLE_SOUNDS.is_dir():
        return []
    paths = [path for path in sorted(SAMPLE_SOUNDS.iterdir()) if is_sound(path.name)]
    return [
        MicrophoneSource(
            CameraInfo(f'samples:{path.stem}', f'Sample {path.stem}', 'samples'),
            partial(open_sounds, path, SAMPLE_RATE_HZ),
        )
        for path in paths
    ]


def _device_sources() -> list[MicrophoneSource]:
    """List the microphone of this machine, if what is needed to hear it is installed."""
    if importlib.util.find_spec('sounddevice') is None:
        return []
    info = CameraInfo(PREFIX, 'Microphone of this machine', 'microphone')
    return [MicrophoneSource(info, partial(open_sounds, PREFIX))]
