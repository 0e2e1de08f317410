"""The windows of a sound that arrives in chunks, as microphones deliver it."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any

from nn_perception.capabilities.sounds.windows import WindowBuffer
from nn_perception.core.audio.resampling import MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ
from nn_perception.core.audio.samples import SoundWindow
from numpy.typing import NDArray

# Longer chunks are rejected.
MAX_CHUNK_S = 60.0
# Messages hold seconds as numbers of 32 bits, also those of what is heard in a chunk.
MAX_STAMP_S = 2.0**31 - 1000.0
# Without stamps, the time of receipt is all that is known, and a busy machine receives late.
RECEIPT_TOLERANCE_S = 0.5


@dataclass(frozen=True)
class Chunk:
    """
    A part of a sound, as a microphone delivers it.

    :param samples: int16, or float from -1 to 1, ``(S * channels,)`` with alternating channels
    :param rate_hz: samples a second and channel
    :param channels: number of channels
    :param stamp_s: time of the first sample in seconds; 0: unknown
    :param received_s: time of receipt in seconds
    :param frame_id: coordinate frame of the microphone
    """

    samples: NDArray[Any]
    rate_hz: int
    channels: int
    stamp_s: float
    received_s: float
    frame_id: str = ''

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return self.samples.size / (self.rate_hz * self.channels)

    def check(self) -> None:
        """
        Reject what is no sound.

        :raises ValueError: says why
        """
        if not MIN_RATE_HZ <= self.rate_hz <= MAX_RATE_HZ:
            raise ValueError(
                f'the sampling rate is {self.rate_hz} Hz; expected {MIN_RATE_HZ} to '
                f'{MAX_RATE_HZ} Hz'
            )
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise ValueError(
                f'the number of channels is {self.channels}; expected 1 to {MAX_CHANNELS}'
            )
        if not self.samples.size:
            raise ValueError('the chunk has no samples')
        if self.samples.size % self.channels:
            raise ValueError(
                f'{self.samples.size} values are no whole number of samples of {self.channels} '
                'channels'
            )
        if self.duration_s > MAX_CHUNK_S:
            raise ValueError(
                f'the chunk lasts {self.duration_s:.0f} s; expected at most {MAX_CHUNK_S:g} s'
            )
        if not 0.0 <= self.stamp_s <= MAX_STAMP_S:
            raise ValueError(
                f'the stamp is {self.stamp_s:.0f} s; expected 0 to {MAX_STAMP_S:.0f} s'
            )


class ChunkWindows:
    """
    Cut the chunks of one microphone into windows.

    :ivar buffer: cuts them; says how often, and why, it began anew

    :param overlap: share of a window that the next one repeats
    :param source: name of the microphone
    """

    def __init__(self, overlap: float, source: str = '') -> None:
        self.buffer = WindowBuffer(overlap, source)
        self._end_s = math.nan  # of the newest chunk without a stamp

    def add(self, chunk: Chunk) -> list[SoundWindow]:
        """
        Add a chunk.

        :returns: the windows that are complete by now, in their order
        :raises ValueError: if it is no sound, see :meth:`Chunk.check`; nothing changes
        """
        chunk.check()
        stamp_s = chunk.stamp_s or self._received_stamp_s(chunk)
        self.buffer.frame_id = chunk.frame_id
        return self.buffer.add(chunk.samples.reshape(-1, chunk.channels), stamp_s, chunk.rate_hz)

    def _received_stamp_s(self, chunk: Chunk) -> float:
        """Give the time of a chunk without a stamp: the end of the previous one, if it may be."""
        begin_s = chunk.received_s - chunk.duration_s
        if abs(begin_s - self._end_s) <= RECEIPT_TOLERANCE_S:
            begin_s = self._end_s
        self._end_s = begin_s + chunk.duration_s
        return begin_s
