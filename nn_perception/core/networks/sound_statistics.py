"""
Statistics of the loudness of a sound, which help to tell sounds apart that are no speech.

The speech embedding hears nothing above 3.8 kHz; these bands reach up to 8 kHz. All values are
relative to the level of the sound, so that its gain does not matter.
"""

from __future__ import annotations

from nn_perception.core.networks.log_mel import LogMel, TRANSFORM
import numpy as np
import torch
from torch import nn, Tensor

BANDS = 40
HIGHEST_HZ = 8000.0
# Bands are averaged in groups before their modulation is measured.
GROUPS = 8
COLUMNS = 97
# First frequencies of the ranges of modulation, and the end of the last one: multiples of the
# reciprocal of the length, about 1 Hz.
RANGES = (1, 2, 3, 5, 8, 12, 18, 27, 49)
# What is modulated: the groups, the middle of the spectrum, and the mean and loudest band.
SIGNALS = GROUPS + 3
# Parts of the spectrum, of 500 Hz each, whose peaks are measured.
PARTS = 16
# Quieter than the rounding of 16-bit samples.
LEAST_POWER = 1e-3


class SoundStatistics(nn.Module):
    """Loudness, onsets, modulation and peaks of the spectrum; it has no weights."""

    size = 4 * BANDS + SIGNALS * (len(RANGES) - 1) + 2 + 2 * PARTS

    waves: Tensor
    ranges: Tensor
    places: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.loudness = LogMel(HIGHEST_HZ, BANDS)
        frequencies = np.arange(RANGES[0], RANGES[-1])
        angles = 2.0 * np.pi * np.arange(COLUMNS)[:, None] * frequencies / COLUMNS
        waves = np.hanning(COLUMNS)[:, None] * np.concatenate([np.cos(angles), np.sin(angles)], 1)
        bounds = np.array(RANGES)
        inside = (frequencies[:, None] >= bounds[:-1]) & (frequencies[:, None] < bounds[1:])
        # Computed, so they are not part of the weights.
        for name, values in (
            ('waves', waves),
            ('ranges', inside / inside.sum(axis=0)),
            ('places', np.arange(BANDS)),
        ):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32), persistent=False)

    def forward(self, power: Tensor) -> Tensor:
        """
        Compute the statistics.

        :param power: of a :class:`.Spectrum` of one second, ``(N, 1, 97, 257)``
        :returns: ``(N, size)``
        """
        picture = self.loudness(power)
        bands = (picture - picture.mean(dim=(2, 3), keepdim=True)).squeeze(1)  # (N, T, B)
        mean = bands.mean(dim=1)
        changes = bands - mean.unsqueeze(1)
        deviation = (changes * changes).mean(dim=1).sqrt()
        onsets = (bands[:, 1:] - bands[:, :-1]).clamp(min=0.0).mean(dim=1)
        loudest = bands.amax(dim=2, keepdim=True)  # (N, T, 1)
        shares = 10.0 ** (bands - loudest)
        middle = (shares * self.places).sum(dim=2, keepdim=True) / shares.sum(dim=2, keepdim=True)
        groups = changes.reshape(-1, COLUMNS, GROUPS, BANDS // GROUPS).mean(dim=3)  # (N, T, G)
        signals = torch.cat([groups, middle, bands.mean(dim=2, keepdim=True), loudest], dim=2)
        parts = [mean, deviation, bands.amax(dim=1), onsets, self._modulation(signals)]
        return torch.cat([*parts, _movement(middle.squeeze(2)), _peaks(power.squeeze(1))], dim=1)

    def _modulation(self, signals: Tensor) -> Tensor:
        """Compute how much each signal, ``(N, T, S)``, changes in each range, ``(N, S * R)``."""
        changes = signals - signals.mean(dim=1, keepdim=True)
        real, imaginary = (changes.transpose(1, 2) @ self.waves).chunk(2, dim=2)  # (N, S, M)
        amplitudes = (real * real + imaginary * imaginary).sqrt()
        return (amplitudes @ self.ranges).log1p().flatten(1)


def _movement(middle: Tensor) -> Tensor:
    """Compute deviation and speed of the middle of the spectrum, ``(N, T)`` to ``(N, 2)``."""
    changes = middle - middle.mean(dim=1, keepdim=True)
    deviation = (changes * changes).mean(dim=1).sqrt()
    speed = (middle[:, 1:] - middle[:, :-1]).abs().mean(dim=1)
    return torch.stack([deviation, speed], dim=1)


def _peaks(power: Tensor) -> Tensor:
    """
    Compute how far the highest peak is above the rest in each part of the spectrum: tones have
    peaks, noise has none.

    :param power: ``(N, T, F)``
    :returns: of the mean power and of the mean logarithm, ``(N, 2 * PARTS)``
    """
    used = power[:, :, 1:].clamp(min=LEAST_POWER)
    found = []
    for spectrum in (used.mean(dim=1).log10(), used.log10().mean(dim=1)):
        parts = spectrum.reshape(-1, PARTS, TRANSFORM // 2 // PARTS)
        found.append(parts.amax(dim=2) - parts.mean(dim=2))
    return torch.cat(found, dim=1)
