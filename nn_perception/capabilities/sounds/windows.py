"""Cut a stream of sound into windows that overlap, with the time of each."""

from __future__ import annotations

import math
from typing import Any

from nn_perception.capabilities.sounds.defaults import MAX_OVERLAP, WINDOW_OVERLAP
from nn_perception.core.audio.resampling import Resampler
from nn_perception.core.audio.samples import (
    SAMPLE_RATE_HZ,
    Samples,
    SoundWindow,
    WINDOW_SAMPLES,
)
import numpy as np
from numpy.typing import NDArray

# What a message may hold, so that its windows fit into memory.
MAX_BLOCK_S = 120.0
# Stamps that are taken when a block arrives are off by some milliseconds.
JITTER_S = 0.05
# A stamp corrects the time of the sound by so much of its difference: the clocks of sound cards
# are off by some millionths.
CORRECTION = 0.05
# Longer is no loss of sound but a clock that was set.
LONGEST_GAP_S = 10.0


class WindowBuffer:
    """
    Turns blocks of a stream into windows.

    Sound that is missing, or a stamp that is not where the sound is, begins the stream anew: no
    window contains sound of both.

    :param overlap: share of a window that the next one repeats
    :param source: of the windows
    :param frame_id: of the windows
    :raises ValueError: if the overlap is out of range

    :ivar restarts: how often the stream began anew
    :ivar reason: why it did so the last time, as a sentence; empty if it never did
    """

    def __init__(
        self, overlap: float = WINDOW_OVERLAP, source: str = '', frame_id: str = ''
    ) -> None:
        self.source, self.frame_id = source, frame_id
        self.restarts, self.reason = 0, ''
        self.overlap = overlap
        self._resampler: Resampler | None = None
        self._clear(0.0)

    @property
    def overlap(self) -> float:
        """Share of a window that the next one repeats; may change at any time."""
        return self._overlap

    @overlap.setter
    def overlap(self, value: float) -> None:
        if not 0.0 <= value <= MAX_OVERLAP:
            raise ValueError(f'overlap must be 0 to {MAX_OVERLAP}, got {value}')
        self._overlap = value
        self._hop = max(1, round((1.0 - value) * WINDOW_SAMPLES))

    @property
    def hop_s(self) -> float:
        """Time from a window to the next."""
        return self._hop / SAMPLE_RATE_HZ

    @property
    def replaced(self) -> int:
        """Number of values that were not finite since the stream began; they count as silence."""
        return self._resampler.replaced if self._resampler else 0

    def add(
        self, block: NDArray[Any], stamp_s: float = 0.0, rate_hz: int = SAMPLE_RATE_HZ
    ) -> list[SoundWindow]:
        """
        Add a block.

        :param block: int16 or float from -1 to 1; ``(S,)`` or ``(S, channels)``
        :param stamp_s: time of its first sample; 0: where the previous block ended
        :param rate_hz: its sampling rate
        :returns: the windows that are complete by now, in their order
        :raises ValueError: if the block, its rate or its stamp cannot be used; nothing changes
        """
        channels = block.shape[1] if block.ndim == 2 else 1
        self._check(len(block) / max(rate_hz, 1), stamp_s)
        off_s, reason = self._off(rate_hz, channels, stamp_s)
        resampler = self._resampler
        if resampler is None or reason:
            resampler = Resampler(rate_hz, channels)
        # Checks the block before anything changes.
        samples = resampler.convert(block)
        if reason:
            self.restarts += 1
            self.reason = f'{reason}; listening restarts'
        if resampler is not self._resampler:
            self._clear(stamp_s)
        self._start_s += CORRECTION * off_s
        self._resampler = resampler
        return self._append(samples)

    def finish(self) -> list[SoundWindow]:
        """
        Return the rest of a sound that ends, and be ready for another one.

        :returns: the windows that were not complete: the last one ends with the sound. A sound
            that is shorter than a window has silence around it, and the stamp of its end.
        """
        resampler, self._resampler = self._resampler, None
        windows = [] if resampler is None else self._append(resampler.finish())
        rest = self._count - self._last_end
        if rest and self._count >= WINDOW_SAMPLES:
            windows.append(self._window(self._kept[-WINDOW_SAMPLES:], self._count))
        elif rest:
            before = (WINDOW_SAMPLES - self._count) // 2
            samples = np.pad(self._kept, (before, WINDOW_SAMPLES - self._count - before))
            windows.append(self._window(samples, self._count))
        self._clear(0.0)
        return windows

    def _check(self, duration_s: float, stamp_s: float) -> None:
        if not math.isfinite(stamp_s):
            raise ValueError(f'the stamp of the sound is {stamp_s}')
        if duration_s > MAX_BLOCK_S:
            raise ValueError(
                f'a block of {duration_s:.0f} s of sound is too long; the limit is '
                f'{MAX_BLOCK_S:g} s'
            )

    def _clear(self, start_s: float) -> None:
        """Begin without a sample, at a time."""
        self._start_s = start_s
        self._count = 0
        # The newest samples, and how many there were when the last window ended.
        self._kept: Samples = np.empty(0, np.float32)
        self._last_end = 0

    def _off(self, rate_hz: int, channels: int, stamp_s: float) -> tuple[float, str]:
        """Compute how late a block is, and say why the stream begins anew with it."""
        now = self._resampler
        if now is None:
            return 0.0, ''
        if (now.rate_hz, now.channels) != (rate_hz, channels):
            return 0.0, (
                f'the sound has {rate_hz} Hz and {channels} channels, no longer {now.rate_hz} Hz '
                f'and {now.channels}'
            )
        off_s = stamp_s - (self._start_s + self._count / SAMPLE_RATE_HZ + now.lag_s)
        if not stamp_s or abs(off_s) <= JITTER_S:
            return off_s if stamp_s else 0.0, ''
        return 0.0, _reason(off_s)

    def _append(self, samples: Samples) -> list[SoundWindow]:
        """Add samples at 16 kHz, and cut what is complete."""
        kept = np.concatenate([self._kept, samples])
        self._count += len(samples)
        first = self._count - len(kept)
        windows = []
        # The hop may have become shorter than what was kept for it.
        end = max(first + WINDOW_SAMPLES, self._last_end + self._hop if self._last_end else 0)
        while end <= self._count:
            windows.append(self._window(kept[end - WINDOW_SAMPLES - first : end - first], end))
            self._last_end = end
            end += self._hop
        self._kept = kept[-WINDOW_SAMPLES:].copy()
        return windows

    def _window(self, samples: Samples, end: int) -> SoundWindow:
        stamp_s = self._start_s + end / SAMPLE_RATE_HZ
        return SoundWindow(samples, self.source, self.source, stamp_s, self.frame_id)


def _reason(off_s: float) -> str:
    """Say what a stamp means that is later or earlier than expected."""
    if off_s < 0.0:
        return f'the stamps jump back by {-off_s:.2f} s'
    if off_s > LONGEST_GAP_S:
        return f'the stamps jump forward by {off_s:.2f} s'
    return f'{off_s:.2f} s of sound are missing'
