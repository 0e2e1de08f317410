"""
A microphone of this machine as a source of sound.

PortAudio, which the optional package sounddevice brings or the system provides, delivers the sound
in a thread of its own. It is kept for some seconds, until it is read.
"""

from __future__ import annotations

from collections import deque
import threading
import time
from typing import Any

from nn_perception.core.audio.resampling import check_rate, MAX_CHANNELS
from nn_perception.sources.sounds.sound_source import SoundChunk
import numpy as np
from numpy.typing import NDArray

PREFIX = 'microphone'
# So long :meth:`MicrophoneSource.read` waits for sound.
READ_WAIT_S = 0.1
# Sound that nobody reads is dropped after this time, the oldest first.
MAX_KEPT_S = 5.0
# Without sound for this long, something is wrong.
SILENT_S = 2.0
MAX_NAMED = 10


def is_microphone(source: str) -> bool:
    """Tell whether the name of a source is that of a microphone."""
    return source == PREFIX or source.startswith(f'{PREFIX}:')


class MicrophoneSource:
    """
    The sound of a microphone.

    :param name: a part of its name, or its number; empty: the default one
    :param rate_hz: sampling rate; 0: its own
    :raises OSError: if the packages that it needs are not installed
    :raises ValueError: if there is no such microphone, or it cannot be used
    """

    live = True

    def __init__(self, name: str = '', rate_hz: int = 0) -> None:
        if rate_hz:
            check_rate(rate_hz)
        self._library = _library()
        self._asked, self._asked_rate_hz = name, rate_hz
        self._changed = threading.Condition()
        self._blocks: deque[NDArray[np.int16]] = deque()
        self._count = 0
        self._end_s = 0.0
        self._stream: Any = None
        self._lost = ''
        self._open()

    @property
    def ended(self) -> bool:
        """Whether the microphone is lost, and :meth:`rewind` did not find it again yet."""
        return bool(self._lost)

    @property
    def problem(self) -> str:
        """Say why no sound comes; empty if it came lately."""
        silent_s = time.monotonic() - self._end_s
        if self._lost or silent_s < SILENT_S:
            return self._lost
        return f'no sound from {self._name} for {silent_s:.0f} s'

    def read(self, duration_s: float) -> SoundChunk | None:
        """Read the next chunk; wait for it, but not long."""
        wanted = max(1, round(duration_s * self._rate_hz))
        with self._changed:
            if not self._changed.wait_for(lambda: self._count >= wanted, READ_WAIT_S):
                if not self._lost and not self._stream.active:
                    self._lost = f'{self._name} stopped; it may be unplugged'
                return None
            captured_s = self._end_s - self._count / self._rate_hz
            samples = self._take(wanted)
        return SoundChunk(samples, self._rate_hz, self._channels, self._name, captured_s)

    def rewind(self) -> bool:
        """Connect again if the microphone is lost; False if it is still not there."""
        if not self._lost:
            return True
        self.close()
        try:
            self._open()
        except ValueError as error:
            self._lost = str(error)
            return False
        self._lost = ''
        return True

    def close(self) -> None:
        """Close the microphone."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _open(self) -> None:
        """Find the microphone, and start to listen."""
        library = self._library
        self._blocks.clear()
        self._count = 0
        try:
            number, device = _find(library, self._asked)
            self._name = f'microphone {device["name"]}'
            self._rate_hz = self._asked_rate_hz or round(device['default_samplerate'])
            self._channels = (
                1
                if device['max_input_channels'] > MAX_CHANNELS
                else min(2, device['max_input_channels'])
            )
            self._stream = library.InputStream(
                samplerate=self._rate_hz,
                device=number,
                channels=self._channels,
                dtype='int16',
                callback=self._on_sound,
            )
            self._end_s = time.monotonic()
            self._stream.start()
        except (library.PortAudioError, KeyError) as error:
            raise ValueError(
                f'{PREFIX} {self._asked or "(default)"} cannot be used: {error}'
            ) from error

    def _on_sound(self, block: NDArray[np.int16], frames: int, when: Any, _status: Any) -> None:
        """Keep a block; PortAudio calls it in its thread, and reuses the memory of the block."""
        latency_s = when.currentTime - when.inputBufferAdcTime
        # Not all drivers know when the sound was captured.
        begin_s = time.monotonic() - (latency_s if latency_s > 0.0 else frames / self._rate_hz)
        with self._changed:
            self._blocks.append(block.copy().reshape(-1))
            self._count += frames
            self._end_s = begin_s + frames / self._rate_hz
            while self._count - len(self._blocks[0]) // self._channels > self._most:
                self._count -= len(self._blocks.popleft()) // self._channels
            self._changed.notify_all()

    @property
    def _most(self) -> float:
        return MAX_KEPT_S * self._rate_hz

    def _take(self, count: int) -> NDArray[np.int16]:
        """Take the oldest samples, ``(count * channels,)``; the caller holds the lock."""
        values, parts = count * self._channels, []
        self._count -= count
        while values:
            block = self._blocks.popleft()
            if len(block) > values:
                self._blocks.appendleft(block[values:])
            parts.append(block[:values])
            values -= len(parts[-1])
        return np.concatenate(parts)


def _library() -> Any:
    """
    Import the library of microphones.

    :raises OSError: says what to install
    """
    try:
        import sounddevice
    except ImportError as error:
        raise OSError(
            "microphones need the package sounddevice: pip install 'nn_perception[microphone]'"
        ) from error
    except OSError as error:
        raise OSError(
            f'microphones need PortAudio: sudo apt install libportaudio2 ({error})'
        ) from error
    return sounddevice


def _find(library: Any, name: str) -> tuple[int | None, Any]:
    """
    Find a microphone by its name.

    :returns: its number, None for the default one, and its description
    :raises ValueError: if there is none of that name
    """
    if not name:
        return None, library.query_devices(kind='input')
    found = [
        (number, device)
        for number, device in enumerate(library.query_devices())
        if device['max_input_channels'] > 0
    ]
    for number, device in found:
        if name == str(number) or name.lower() in device['name'].lower():
            return number, device
    names = ', '.join(f'{number}: {device["name"]}' for number, device in found[:MAX_NAMED])
    raise ValueError(
        f'there is no {PREFIX} {name}; ' + (f'there are {names}' if names else 'there is none')
    )
