"""
EfficientNet-Lite0, an image classifier without squeeze-and-excitation.

The architecture is that of Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional
Neural Networks" (2019), in the Lite variant of the TensorFlow authors (2020): ReLU6 everywhere,
and a stem and a head of fixed width. The published weights were trained with TensorFlow's 'SAME'
padding, which puts the odd pixel of a strided convolution at the bottom and right.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn, Tensor
from torch.nn import functional

EMBEDDING_SIZE = 1280
STEM_CHANNELS = 32
# A decay of 0.99 in TensorFlow is a momentum of 0.01 in torch.
NORM_MOMENTUM = 0.01
NORM_EPSILON = 1e-3
# Multi-layer features: besides the top, the expanded layers of WIDE_BLOCKS and the outputs of
# NARROW_BLOCKS.
WIDE_BLOCKS = (5, 8, 11, 12)
NARROW_BLOCKS = (12, 15)
MULTI_LAYER_SIZE = 8672
DEVIATION_EPSILON = 1e-6


class Stage(NamedTuple):
    """A sequence of equal blocks; only the first changes size and width."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


LITE0_STAGES = (
    #     repeats kernel stride expansion channels
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def same_padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """
    Compute TensorFlow's 'SAME' padding along one axis.

    :param length: size of the input along the axis in pixels
    :returns: pixels before and after, so that the output has ``ceil(length / stride)`` pixels
    """
    total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


class SameConv2d(nn.Conv2d):
    """A convolution without bias, padded like TensorFlow's 'SAME'."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``(N, inputs, H, W)`` into ``(N, outputs, ceil(H / s), ceil(W / s))``."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        top, bottom = same_padding(x.shape[2], kernel, stride)
        left, right = same_padding(x.shape[3], kernel, stride)
        if top == bottom and left == right:
            padding: tuple[int, int] = (top, left)
        else:
            x = functional.pad(x, (left, right, top, bottom))
            padding = (0, 0)
        return functional.conv2d(x, self.weight, None, stride, padding, 1, self.groups)


class ConvNorm(nn.Sequential):
    """A convolution and batch norm, followed by ReLU6 unless ``linear``."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.conv = SameConv2d(inputs, outputs, kernel, stride=stride, groups=groups)
        self.norm = nn.BatchNorm2d(outputs, eps=NORM_EPSILON, momentum=NORM_MOMENTUM)
        if not linear:
            self.activation = nn.ReLU6()


class InvertedResidual(nn.Module):
    """Expand by a 1 x 1 convolution, filter each channel, project; add the input if it fits."""

    def __init__(self, inputs: int, stage: Stage, stride: int, drop_rate: float) -> None:
        super().__init__()
        wide = inputs * stage.expansion
        self.expand = nn.Identity() if wide == inputs else ConvNorm(inputs, wide, 1)
        self.depthwise = ConvNorm(wide, wide, stage.kernel, stride=stride, groups=wide)
        self.project = ConvNorm(wide, stage.channels, 1, linear=True)
        self.residual = stride == 1 and inputs == stage.channels
        self.drop_rate = drop_rate

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, H, W)`` to ``(N, channels, ceil(H / s), ceil(W / s))``."""
        return self.both(x)[1]

    def both(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the expanded layer, ``(N, wide, ...)``, and the output of :meth:`forward`."""
        wide: Tensor = self.depthwise(self.expand(x))
        y: Tensor = self.project(wide)
        if not self.residual:
            return wide, y
        if self.training and self.drop_rate > 0.0:
            y = self._drop_path(y)
        return wide, x + y

    def _drop_path(self, y: Tensor) -> Tensor:
        """Skip the block for a random part of the batch (stochastic depth)."""
        keep = 1.0 - self.drop_rate
        mask = torch.rand(len(y), 1, 1, 1, device=y.device) < keep
        return y * mask.to(y.dtype) / keep


class EfficientNetLite(nn.Module):
    """
    EfficientNet-Lite0.

    :param num_classes: number of outputs of the last linear layer
    :param dropout: fraction of the embedding that is dropped before that layer in training
    :param drop_path: fraction of images for which the deepest block is skipped in training; it
        decreases linearly to 0 for the first block
    """

    def __init__(
        self, num_classes: int = 1000, *, dropout: float = 0.2, drop_path: float = 0.2
    ) -> None:
        super().__init__()
        self.stem = ConvNorm(3, STEM_CHANNELS, 3, stride=2)
        self.blocks = nn.Sequential()
        depth = sum(stage.repeats for stage in LITE0_STAGES)
        channels = STEM_CHANNELS
        for stage in LITE0_STAGES:
            for repeat in range(stage.repeats):
                rate = drop_path * len(self.blocks) / depth
                stride = stage.stride if repeat == 0 else 1
                self.blocks.append(InvertedResidual(channels, stage, stride, rate))
                channels = stage.channels
        self.top = ConvNorm(channels, EMBEDDING_SIZE, 1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(EMBEDDING_SIZE, num_classes)
        self._multi_layer = False

    def use_multi_layer_features(self) -> None:
        """Replace the head by a new one on the features of several layers."""
        self.head = nn.Linear(MULTI_LAYER_SIZE, self.head.out_features)
        self._multi_layer = True

    def features(self, batch: Tensor) -> Tensor:
        """
        Compute the embedding that the head classifies.

        :param batch: RGB images, ``(N, 3, H, W)``, ``(value - 127) / 128``
        :returns: ``(N, 1280)``, averaged over the image, not negative; multi-layer features are
            ``(N, 8672)`` and begin with these
        """
        if self._multi_layer:
            return self._multi_layer_features(batch)
        x: Tensor = self.top(self.blocks(self.stem(batch)))  # (N, 1280, ceil(H/32), ceil(W/32))
        return x.mean((2, 3))

    def _multi_layer_features(self, batch: Tensor) -> Tensor:
        """Compute mean and standard deviation over the image, for channels of several layers."""
        x: Tensor = self.stem(batch)
        maps = []
        for number, block in enumerate(self.blocks):
            wide, x = block.both(x)  # type: ignore[operator]
            maps += [wide] if number in WIDE_BLOCKS else []
            maps += [x] if number in NARROW_BLOCKS else []
        found = [_mean_and_deviation(one) for one in (self.top(x), *maps)]
        return torch.cat([values for pair in found for values in pair], 1)

    def forward(self, batch: Tensor) -> Tensor:
        """Classify RGB images ``(N, 3, H, W)`` into logits ``(N, num_classes)``."""
        logits: Tensor = self.head(self.dropout(self.features(batch)))
        return logits


def _mean_and_deviation(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Reduce ``(N, C, H, W)`` to the mean and the standard deviation of each channel."""
    mean = maps.mean((2, 3), keepdim=True)
    # The gradient of a square root is infinite at zero, where a channel is constant.
    deviation = ((maps - mean).square().mean((2, 3)) + DEVIATION_EPSILON).sqrt()
    return mean[:, :, 0, 0], deviation
