"""
The network for sounds: a speech embedding, and statistics of the log-mel picture.

The embedding is Google's speech embedding (Lin et al., "Training Keyword Spotters with Limited and
Synthesized Speech Data", 2020): 20 convolutions over a picture of 32 bands. It is convolutional in
time, so that all its windows of 76 columns in a second of sound, one every 8 columns, are computed
at once. It tells words apart; the statistics help with other sounds.
"""

from __future__ import annotations

from nn_perception.core.networks.log_mel import LogMel
from nn_perception.core.networks.sound_statistics import SoundStatistics
import torch
from torch import nn, Tensor
from torch.nn import functional

# Outputs of the convolutions between two steps of pooling, and the step in time and in bands.
STAGES = (
    ((24, 24, 24), (2, 2)),
    ((48, 48, 48, 48), (1, 2)),
    ((72, 72, 72, 72), (2, 2)),
    ((96, 96, 96, 96), (1, 2)),
    ((96, 96, 96, 96), (2, 2)),
)
EMBEDDING_SIZE = 96
SLOPE = 0.2
# Activations are not lower.
FLOOR = -0.4


class SpeechEmbedding(nn.Module):
    """Convolutions over the log-mel picture; batch norm is part of their weights."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList()
        inputs = 1
        for outputs, _ in STAGES:
            for size in outputs:
                self.convolutions.append(self._convolution(len(self.convolutions), inputs, size))
                inputs = size
        self.last = nn.Conv2d(inputs, EMBEDDING_SIZE, (3, 1), bias=False)

    @staticmethod
    def _convolution(index: int, inputs: int, outputs: int) -> nn.Conv2d:
        """Make a convolution: the first over both axes, then over bands and time in turns."""
        if index == 0:
            return nn.Conv2d(inputs, outputs, (3, 3), padding=(0, 1))
        if index % 2:
            return nn.Conv2d(inputs, outputs, (1, 3), padding=(0, 1))
        return nn.Conv2d(inputs, outputs, (3, 1))

    def forward(self, picture: Tensor) -> Tensor:
        """
        Compute the embedding of each window.

        :param picture: log-mel picture, ``(N, 1, T, 32)``, of at least 76 columns
        :returns: ``(N, 96, W)``, one window every 8 columns
        """
        embedding: Tensor = self.last(self.stages(picture)[-1])
        return embedding.squeeze(3)

    def stages(self, picture: Tensor) -> list[Tensor]:
        """
        Compute the activations after each step of pooling.

        :param picture: log-mel picture, ``(N, 1, T, 32)``, of at least 76 columns
        :returns: ``(N, C, time, bands)`` each; the last one has a single band
        """
        x, convolutions, found = picture, iter(self.convolutions), []
        for outputs, step in STAGES:
            for _ in outputs:
                x = functional.leaky_relu(next(convolutions)(x), SLOPE).clamp(min=FLOOR)
            x = functional.max_pool2d(x, step)
            found.append(x)
        return found


class SoundEmbedding(nn.Module):
    """
    A classifier of one second of sound.

    :param num_classes: number of outputs of the last linear layer
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.log_mel = LogMel()
        self.embedding = SpeechEmbedding()
        self.statistics = SoundStatistics()
        size = 2 * STAGES[-1][0][-1] + self.statistics.size
        self.classifier = nn.Linear(size, num_classes)

    def features(self, samples: Tensor) -> Tensor:
        """
        Compute the input of the last layer.

        :param samples: 16 kHz, ``(N, 1, 1, 16000)``, from -1 to 1
        :returns: ``(N, D)``
        """
        picture = self.log_mel(samples)  # (N, 1, 97, 32)
        last = self.embedding.stages(picture)[-1]  # (N, 96, 5, 1)
        speech = [last.mean(dim=(2, 3)), last.amax(dim=(2, 3))]
        return torch.cat([*speech, self.statistics(picture)], dim=1)

    def forward(self, samples: Tensor) -> Tensor:
        """Compute the logits, ``(N, num_classes)``, of sounds ``(N, 1, 1, 16000)``."""
        logits: Tensor = self.classifier(self.features(samples))
        return logits
