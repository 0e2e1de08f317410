"""
The network for sounds: a speech embedding, and statistics of the log-mel picture.

The embedding is Google's speech embedding (Lin et al., "Training Keyword Spotters with Limited and
Synthesized Speech Data", 2020): 20 convolutions over a picture of 32 bands. It is convolutional in
time, so that all its windows of 76 columns in a second of sound, one every 8 columns, are computed
at once. It tells words apart; the statistics help with other sounds.
"""

from __future__ import annotations

from nn_perception.core.networks.log_mel import LogMel, Spectrum
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
# Of the last stage the maximum; of the one before also mean and deviation, of two bands; of the
# third all of these, of four bands.
SPEECH_FEATURES = 96 + 3 * 2 * 96 + 3 * 4 * 72
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

    Its features are those of the later stages of the speech embedding, pooled over time, which
    tell more than the embedding itself, and statistics.

    :param num_classes: number of outputs of the last linear layer
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.spectrum = Spectrum()
        self.log_mel = LogMel()
        self.embedding = SpeechEmbedding()
        self.statistics = SoundStatistics()
        self.classifier = nn.Linear(SPEECH_FEATURES + self.statistics.size, num_classes)

    def features(self, samples: Tensor) -> Tensor:
        """
        Compute the input of the last layer.

        :param samples: 16 kHz, ``(N, 1, 1, 16000)``, from -1 to 1
        :returns: ``(N, D)``; sounds are compared by the first 480, see :class:`.Checkpoint`
        """
        power = self.spectrum(samples)  # (N, 1, 97, 257)
        *_, third, fourth, fifth = self.embedding.stages(self.log_mel(power))
        pooled = [
            fifth.amax(dim=(2, 3)),
            *_pooled(fourth),
            _deviation(fourth),
            *_pooled(third),
            _deviation(third),
        ]
        return torch.cat([*pooled, self.statistics(power)], dim=1)

    def forward(self, samples: Tensor) -> Tensor:
        """Compute the logits, ``(N, num_classes)``, of sounds ``(N, 1, 1, 16000)``."""
        logits: Tensor = self.classifier(self.features(samples))
        return logits


def _pooled(stage: Tensor) -> tuple[Tensor, Tensor]:
    """Compute mean and maximum over time of each channel and band, ``(N, C * bands)`` each."""
    return stage.mean(dim=2).flatten(1), stage.amax(dim=2).flatten(1)


def _deviation(stage: Tensor) -> Tensor:
    """Compute the standard deviation over time of each channel and band, ``(N, C * bands)``."""
    changes = stage - stage.mean(dim=2, keepdim=True)
    return (changes * changes).mean(dim=2).sqrt().flatten(1)
