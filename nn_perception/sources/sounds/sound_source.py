"""What every source of sound offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SoundChunk:
    """
    A part of a sound, as it was recorded.

    :param samples: int16, ``(S * channels,)``; those of the channels alternate
    :param rate_hz: samples a second and channel
    :param channels: number of channels
    :param name: of the file or microphone
    :param captured_s: when a microphone captured the first sample, by :func:`time.monotonic`;
        None: unknown, it follows the previous chunk
    """

    samples: NDArray[np.int16]
    rate_hz: int
    channels: int
    name: str
    captured_s: float | None = None

    @property
    def count(self) -> int:
        """Number of samples of each channel."""
        return len(self.samples) // self.channels


class SoundSource(Protocol):
    """
    Chunks of sound, one after the other.

    :ivar live: whether the sound is of the present
    """

    live: bool

    @property
    def ended(self) -> bool:
        """Whether no further chunk comes once :meth:`read` returned None, unless it rewinds."""
        ...

    @property
    def problem(self) -> str:
        """Say why no sound comes from a live source; empty if nothing is wrong."""
        ...

    def read(self, duration_s: float) -> SoundChunk | None:
        """
        Read the next chunk; None at the end, and where a live source has not enough sound yet.

        :param duration_s: of the chunk; the last one of a file may be shorter
        """
        ...

    def rewind(self) -> bool:
        """Start again from the beginning, or connect again; False if that is impossible."""
        ...

    def close(self) -> None:
        """Free the file or the device."""
        ...
