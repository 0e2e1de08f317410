"""Sound as messages: good ones, and ones that no microphone should send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import random

from nn_perception.core.audio.sound_files import as_int16, read_sound
from nn_perception_interfaces.msg import AudioChunk
import numpy as np
from ros_graph import header_at
from std_msgs.msg import Header

CHUNK_S = 0.1
TEXTS = ('', 'mic', 'Mikrofon über dem Kopf 🎤', 'two\nlines\r', '\x1b[31mred', 'x' * 5000)
NUMBERS = (0, 1, 2, 3, 999, 8000, 16_000, 44_100, 48_000, 2**31 - 1, 2**31, 2**32 - 1)
LENGTHS = (0, 1, 2, 3, 7, 160, 1600, 4096, 48_000)


def audio_chunk(samples: np.ndarray, header: Header, rate_hz: int = 16_000) -> AudioChunk:
    """
    Build a message.

    :param samples: int16, ``(S,)`` or ``(S, channels)``
    """
    channels = samples.shape[1] if samples.ndim == 2 else 1
    msg = AudioChunk(header=header, sample_rate=rate_hz, channels=channels)
    msg.samples.frombytes(np.ascontiguousarray(samples, np.int16).tobytes())
    return msg


def chunks_of(
    samples: np.ndarray, begin_s: float, rate_hz: int = 16_000, frame_id: str = 'mic'
) -> Iterator[AudioChunk]:
    """Cut a sound into messages of a tenth of a second."""
    size = round(rate_hz * CHUNK_S)
    for start in range(0, len(samples), size):
        header = header_at(begin_s + start / rate_hz, frame_id)
        yield audio_chunk(samples[start : start + size], header, rate_hz)


def noise(seconds: float, level: float = 0.002, seed: int = 0) -> np.ndarray:
    """Make the noise of a quiet room, int16 at 16 kHz."""
    values = np.random.default_rng(seed).standard_normal(round(seconds * 16_000))
    return (values * level * 32767).astype(np.int16)


def word(path: Path) -> np.ndarray:
    """Read a clip, int16 at 16 kHz."""
    return as_int16(read_sound(path))


class HostileSound:
    """
    Make messages with any rate, channels, lengths, stamps and values.

    :param seed: of the random numbers
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def message(self) -> AudioChunk:
        """Make one."""
        choose = self._random.choice
        header = Header(frame_id=choose(TEXTS))
        header.stamp.sec = choose((0, 1, 1000, 1001, -1, -(2**31), 2**31 - 1, 1_700_000_000))
        header.stamp.nanosec = choose((0, 1, 500_000_000, 999_999_999, 10**9, 2**32 - 1))
        msg = AudioChunk(header=header)
        usual = self._random.random() < 0.5
        rates = (8000, 16_000, 22_050, 44_100, 48_000)
        msg.sample_rate = choose(rates if usual else NUMBERS)
        msg.channels = choose((1, 2)) if usual else choose((0, 1, 2, 7, 32, 33, 255))
        msg.samples.frombytes(self._values(choose(LENGTHS)))
        return msg

    def _values(self, count: int) -> bytes:
        kind = self._random.randrange(4)
        if kind == 0:
            return self._random.randbytes(2 * count)
        return np.full(count, (0, 32767, -32768)[kind - 1], np.int16).tobytes()
