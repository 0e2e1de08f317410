"""Open a source of sound by its name."""

from __future__ import annotations

from pathlib import Path

from nn_perception.core.audio.sound_kinds import SOUND_SUFFIXES
from nn_perception.sources.sounds.microphone import is_microphone, MicrophoneSource, PREFIX
from nn_perception.sources.sounds.recordings import RecordingSource, sounds_in
from nn_perception.sources.sounds.sound_source import SoundSource


def open_sounds(source: str | Path, rate_hz: int = 0) -> SoundSource:
    """
    Open a source of sound.

    :param source: a sound file, a folder of them, ``microphone`` for the default one of this
        machine, or ``microphone:NAME`` with a part of a name or a number
    :param rate_hz: sampling rate that the sound is converted to, with one channel, or that the
        microphone has; 0: its own
    :raises OSError: if it cannot be read, or a microphone needs what is not installed
    :raises ValueError: if it contains no sound, with the reason
    """
    text = str(source)
    if is_microphone(text):
        return MicrophoneSource(text[len(PREFIX) + 1 :], rate_hz)
    path = Path(text).expanduser()
    if not path.is_dir():
        return RecordingSource([path], rate_hz)
    paths = sounds_in(path)
    if not paths:
        kinds = ', '.join(sorted(SOUND_SUFFIXES))
        raise ValueError(f'{path} contains no sound files ({kinds})')
    return RecordingSource(paths, rate_hz)
