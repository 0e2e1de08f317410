"""
The picture that a network for sounds sees: the loudness of 32 bands of frequency over time.

The front end is the one that the speech embedding was trained with: a Hann window of 25 ms every
10 ms, the power in 32 triangular bands from 60 to 3,800 Hz on Slaney's mel scale, each with the
same area, and decibels of 16-bit samples, at most 80 below the loudest value of the picture.
"""

from __future__ import annotations

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ
import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor

BANDS = 32
LOWEST_HZ, HIGHEST_HZ = 60.0, 3800.0
TRANSFORM = 512
WINDOW = 400
HOP = 160
# The windows are centred in the length of the transform.
OFFSET = (TRANSFORM - WINDOW) // 2
FREQUENCIES_HZ = np.arange(TRANSFORM // 2 + 1) * SAMPLE_RATE_HZ / TRANSFORM
# The embedding was trained with samples of this scale, and with decibels scaled like this.
FULL_SCALE = 32768.0
LEAST_POWER = 1e-10
RANGE_DB = 80.0
DIVISOR, SHIFT = 10.0, 2.0
# Slaney's scale: linear up to 1 kHz, logarithmic beyond.
LINEAR_END_HZ = 1000.0
MEL_PER_HZ = 3.0 / 200.0
STEP = np.log(6.4) / 27.0


def mel_of(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert frequencies to Slaney's mel scale."""
    end = LINEAR_END_HZ * MEL_PER_HZ
    above = end + np.log(np.maximum(frequency_hz, LINEAR_END_HZ) / LINEAR_END_HZ) / STEP
    return np.where(frequency_hz < LINEAR_END_HZ, frequency_hz * MEL_PER_HZ, above)


def frequency_of(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert values of Slaney's mel scale to frequencies in Hz."""
    end = LINEAR_END_HZ * MEL_PER_HZ
    return np.where(mel < end, mel / MEL_PER_HZ, LINEAR_END_HZ * np.exp((mel - end) * STEP))


def band_filters(
    frequencies_hz: NDArray[np.float64], lowest_hz: float, highest_hz: float, count: int
) -> NDArray[np.float64]:
    """
    Compute triangular filters, equally wide on the mel scale.

    :param frequencies_hz: of the bins of a Fourier transform, ``(F,)``
    :returns: weight of each bin in each band, ``(F, count)``; all bands have the area 1
    """
    lowest, highest = mel_of(np.array([lowest_hz, highest_hz]))
    edges = frequency_of(np.linspace(lowest, highest, count + 2))
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    bins = frequencies_hz[:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    filters: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    return filters * 2.0 / (high - low)


class Spectrum(nn.Module):
    """The power of a sound at each frequency over time; it has no weights."""

    waves: Tensor

    def __init__(self) -> None:
        super().__init__()
        time_s = np.arange(WINDOW) / SAMPLE_RATE_HZ
        window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)
        angles = 2.0 * np.pi * FREQUENCIES_HZ[:, None] * time_s
        waves = FULL_SCALE * window * np.concatenate([np.cos(angles), np.sin(angles)])
        # Computed, so they are not part of the weights.
        values = torch.tensor(waves[:, None, None, :], dtype=torch.float32)
        self.register_buffer('waves', values, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """
        Compute the power.

        :param samples: at 16 kHz, ``(N, 1, 1, S)``, from -1 to 1
        :returns: of each of ``FREQUENCIES_HZ``, one column every 10 ms, ``(N, 1, T, F)``
        """
        framed = samples[..., OFFSET : samples.shape[-1] - OFFSET]
        parts = nn.functional.conv2d(framed, self.waves, stride=(1, HOP))  # (N, 2F, 1, T)
        real, imaginary = (parts * parts).chunk(2, dim=1)  # (N, F, 1, T)
        return (real + imaginary).permute(0, 2, 3, 1)


class LogMel(nn.Module):
    """
    The loudness of bands of frequency over time; it has no weights.

    :param highest_hz: end of the highest band
    :param count: number of bands
    """

    filters: Tensor

    def __init__(self, highest_hz: float = HIGHEST_HZ, count: int = BANDS) -> None:
        super().__init__()
        filters = band_filters(FREQUENCIES_HZ, LOWEST_HZ, highest_hz, count)
        values = torch.tensor(filters, dtype=torch.float32)
        self.register_buffer('filters', values, persistent=False)

    def forward(self, power: Tensor) -> Tensor:
        """
        Compute the picture.

        :param power: of a :class:`Spectrum`, ``(N, 1, T, F)``
        :returns: ``(N, 1, T, count)``; decibels / 10 + 2
        """
        decibels = 10.0 * (power @ self.filters).clamp(min=LEAST_POWER).log10()
        loudest = decibels.amax(dim=(1, 2, 3), keepdim=True)
        return torch.maximum(decibels, loudest - RANGE_DB) / DIVISOR + SHIFT
