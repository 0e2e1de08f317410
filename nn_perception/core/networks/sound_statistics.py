"""
Statistics of a picture of loudness, which help to tell sounds apart that are no speech.

The speech embedding hears nothing above 3.8 kHz; these bands reach up to 8 kHz. All values are
relative to the level of the sound, so that its gain does not matter.
"""

from __future__ import annotations

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


class SoundStatistics(nn.Module):
    """Loudness, its changes, onsets and modulation of bands; it has no weights."""

    size = 4 * BANDS + GROUPS * (len(RANGES) - 1)

    waves: Tensor
    ranges: Tensor

    def __init__(self) -> None:
        super().__init__()
        frequencies = np.arange(RANGES[0], RANGES[-1])
        angles = 2.0 * np.pi * np.arange(COLUMNS)[:, None] * frequencies / COLUMNS
        waves = np.hanning(COLUMNS)[:, None] * np.concatenate([np.cos(angles), np.sin(angles)], 1)
        bounds = np.array(RANGES)
        inside = (frequencies[:, None] >= bounds[:-1]) & (frequencies[:, None] < bounds[1:])
        # Computed, so they are not part of the weights.
        for name, values in (('waves', waves), ('ranges', inside / inside.sum(axis=0))):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32), persistent=False)

    def forward(self, picture: Tensor) -> Tensor:
        """
        Compute the statistics.

        :param picture: loudness, ``(N, 1, 97, 40)``
        :returns: ``(N, size)``
        """
        bands = (picture - picture.mean(dim=(2, 3), keepdim=True)).squeeze(1)  # (N, T, B)
        mean = bands.mean(dim=1)
        changes = bands - mean.unsqueeze(1)
        deviation = (changes * changes).mean(dim=1).sqrt()
        onsets = (bands[:, 1:] - bands[:, :-1]).clamp(min=0.0).mean(dim=1)
        groups = changes.reshape(-1, COLUMNS, GROUPS, BANDS // GROUPS).mean(dim=3)  # (N, T, G)
        parts = groups.transpose(1, 2) @ self.waves  # (N, G, 2M)
        real, imaginary = (parts * parts).chunk(2, dim=2)
        modulation = ((real + imaginary).sqrt() @ self.ranges).log1p().flatten(1)
        return torch.cat([mean, deviation, bands.amax(dim=1), onsets, modulation], dim=1)
