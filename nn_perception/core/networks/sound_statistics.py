"""Statistics of a log-mel picture, which tell sounds apart that are no speech."""

from __future__ import annotations

from nn_perception.core.networks.log_mel import BANDS
import torch
from torch import nn, Tensor


class SoundStatistics(nn.Module):
    """Mean and deviation of each band, relative to the level of the sound; it has no weights."""

    size = 2 * BANDS

    def forward(self, picture: Tensor) -> Tensor:
        """
        Compute the statistics.

        :param picture: log-mel picture, ``(N, 1, T, 32)``
        :returns: ``(N, size)``
        """
        bands = picture.squeeze(1)  # (N, T, 32)
        mean = bands.mean(dim=1)
        deviation = bands.std(dim=1, correction=0)
        return torch.cat([mean - mean.mean(dim=1, keepdim=True), deviation], dim=1)
