"""
Convert sound of any sampling rate and number of channels to one channel, usually at 16 kHz.

Each sample of the result is a weighted sum of the samples around its time, with the weights of a
windowed sinc: what the lower of both rates cannot represent is left out. The result has no delay:
its sample ``n`` is the sound ``n`` / 16000 seconds after the first sample. It is computed as soon
as the samples around it are known, so it does not depend on how the sound is cut into blocks.
"""

from __future__ import annotations

import math
from typing import Any

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, Samples
import numpy as np
from numpy.typing import NDArray

MIN_RATE_HZ, MAX_RATE_HZ = 1_000, 384_000
MAX_CHANNELS = 32
INT16_SCALE = 32768.0
# Zero crossings of the sinc on each side, and the shape of its Kaiser window.
ZERO_CROSSINGS = 10
KAISER_BETA = 5.0
# Rates that share no large divisor with 16 kHz need more; then the weights are interpolated.
MAX_PHASES = 1024
# So many values are gathered at a time.
MAX_GATHERED = 1 << 20


class Resampler:
    """
    Convert a stream of blocks.

    :param rate_hz: of the blocks
    :param channels: of the blocks; their mean is taken
    :param to_rate_hz: of the result
    :raises ValueError: if one of them is out of range

    :ivar replaced: number of values so far that were not finite; they are taken as silence
    """

    def __init__(self, rate_hz: int, channels: int = 1, to_rate_hz: int = SAMPLE_RATE_HZ) -> None:
        check_rate(rate_hz)
        check_rate(to_rate_hz)
        if not 1 <= channels <= MAX_CHANNELS:
            raise ValueError(
                f'sound of {channels} channels is not supported; it must be 1 to {MAX_CHANNELS}'
            )
        self.rate_hz, self.channels, self.to_rate_hz = rate_hz, channels, to_rate_hz
        self.replaced = 0
        divisor = math.gcd(rate_hz, to_rate_hz)
        # Sample n of the result is at n * down / up samples of the source.
        self._up, self._down = to_rate_hz // divisor, rate_hz // divisor
        band = min(1.0, to_rate_hz / rate_hz)
        self._reach = math.ceil(ZERO_CROSSINGS / band)
        self._weights = _weights(min(self._up, MAX_PHASES), self._reach, band)
        self._received = self._produced = 0
        # The sound before its beginning is silence. The first of these is sample `_first`.
        self._kept: Samples = np.zeros(self._reach, np.float32)
        self._first = -self._reach

    @property
    def lag_s(self) -> float:
        """Time from the next sample of the result to the next sample of the source."""
        return self._received / self.rate_hz - self._produced / self.to_rate_hz

    def convert(self, block: NDArray[Any]) -> Samples:
        """
        Convert a block.

        :param block: int16 or float from -1 to 1; ``(S * channels,)`` with alternating channels,
            or ``(S, channels)``. Larger values are clipped, and those that are not finite replaced
            by silence.
        :returns: float32, ``(M,)``, from -1 to 1: what is known by now; the rest comes with the
            next block, or by :meth:`finish`
        :raises ValueError: if the block has another shape or type; nothing changes
        """
        mono = self._mono(block)
        self._received += len(mono)
        if self.rate_hz == self.to_rate_hz:
            self._produced += len(mono)
            return mono
        self._kept = np.concatenate([self._kept, mono])
        # The last of them has all samples around it.
        end = (self._received - self._reach) * self._up
        return self._produce(max(self._produced, -(-end // self._down)))

    def finish(self) -> Samples:
        """
        Return the rest; the sound after its end is silence. No block may follow.

        :returns: float32, ``(M,)``
        """
        if self.rate_hz == self.to_rate_hz:
            return np.empty(0, np.float32)
        self._kept = np.concatenate([self._kept, np.zeros(self._reach + 1, np.float32)])
        return self._produce(-(-self._received * self._up // self._down))

    def _mono(self, block: NDArray[Any]) -> Samples:
        """Convert a block to float32, ``(S,)``."""
        kind = block.dtype.kind
        if not (block.dtype == np.int16 or kind == 'f'):
            raise ValueError(f'expected samples of int16 or float, got {block.dtype}')
        if block.ndim not in (1, 2) or block.size % self.channels:
            raise ValueError(
                f'{block.size} values are no whole number of samples of {self.channels} channels'
            )
        if block.ndim == 2 and block.shape[1] != self.channels:
            raise ValueError(f'expected {self.channels} channels, got {block.shape[1]}')
        if kind == 'f':
            finite = np.isfinite(block)
            self.replaced += int(block.size - np.count_nonzero(finite))
            values = np.where(finite, block, 0.0).clip(-1.0, 1.0).astype(np.float32)
        else:
            values = block.astype(np.float32) / np.float32(INT16_SCALE)
        if self.channels == 1:
            return values.reshape(-1)
        mono: Samples = values.reshape(-1, self.channels).mean(axis=1, dtype=np.float32)
        return mono

    def _produce(self, end: int) -> Samples:
        """Compute the result up to a sample, and drop what it needs no more."""
        step = max(1, MAX_GATHERED // self._weights.shape[1])
        parts = [
            self._at(np.arange(start, min(start + step, end)))
            for start in range(self._produced, end, step)
        ]
        self._produced = max(self._produced, end)
        unused = self._produced * self._down // self._up - self._reach - self._first
        if unused > 0:
            self._kept = self._kept[unused:].copy()
            self._first += unused
        result = np.concatenate(parts) if parts else np.empty(0, np.float32)
        # The sinc overshoots at steps.
        return result.clip(-1.0, 1.0)

    def _at(self, numbers: NDArray[np.int64]) -> Samples:
        """Compute samples of the result by their numbers, ``(M,)``."""
        position, remainder = np.divmod(numbers * self._down, self._up)
        taps = self._weights.shape[1]
        around = position[:, None] + np.arange(taps) - (self._reach - 1) - self._first
        values = self._kept[around]  # (M, taps)
        phases = len(self._weights) - 1
        exact = remainder * (phases / self._up)
        phase = np.floor(exact).astype(np.int64)
        result: Samples = np.einsum('mt,mt->m', values, self._weights[phase])
        if phases < self._up:
            after = np.einsum('mt,mt->m', values, self._weights[phase + 1])
            result = result + (after - result) * (exact - phase).astype(np.float32)
        return result


def check_rate(rate_hz: int) -> None:
    """
    Check a sampling rate.

    :raises ValueError: if it is out of range
    """
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise ValueError(
            f'a sampling rate of {rate_hz} Hz is not supported; it must be {MIN_RATE_HZ} to '
            f'{MAX_RATE_HZ} Hz'
        )


def _weights(phases: int, reach: int, band: float) -> NDArray[np.float32]:
    """
    Compute the weights of the samples around a time between two samples.

    :param phases: number of times from a sample to the next; the next one itself comes last
    :param reach: number of samples on each side
    :param band: largest frequency that is kept, as a share of half the rate of the source
    :returns: float32, ``(phases + 1, 2 * reach)``; the first is of the sample ``reach - 1`` before
        the sample that precedes the time
    """
    fractions = np.arange(phases + 1)[:, None] / phases
    distance = np.arange(1 - reach, reach + 1) - fractions  # in samples of the source
    inside = np.clip(1.0 - (distance * band / ZERO_CROSSINGS) ** 2, 0.0, None)
    window = np.i0(KAISER_BETA * np.sqrt(inside)) * (inside > 0.0)
    weights = np.sinc(distance * band) * window
    # A constant stays as it is.
    normed: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return normed
