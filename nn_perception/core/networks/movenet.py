"""
MoveNet, which detects the keypoints of people: one person in a crop, or several in an image.

The architecture is that of the models that Google published on TF Hub as ``movenet/singlepose``
and ``movenet/multipose`` (Votel and Li, "Next-Generation Pose Detection with MoveNet and
TensorFlow.js", TensorFlow blog, 2021): a MobileNetV2 (Sandler et al., 2018), a feature pyramid
(Lin et al., 2017) down to a quarter of the input size, and a small head for each map, in the style
of CenterNet (Zhou et al., "Objects as Points", 2019). Batch norm is folded into the
convolutions. The decoder of the maps is in :mod:`nn_perception.capabilities.poses.decoding`.
"""

from __future__ import annotations

from typing import NamedTuple

from nn_perception.core.networks.movenet_heads import (
    HEAD_CHANNELS,
    MULTI_POSE_HEADS,
    SINGLE_POSE_HEADS,
    SIZE_STEP,
)
from torch import nn, Tensor
from torch.nn import functional

EXPANSION = 6
LAST_CHANNELS = 1280
TOP_CHANNELS = 64
HEAD_WIDTH = 96


class Plan(NamedTuple):
    """Channels and heads of one of the published networks."""

    stem: int
    # Output channels of the sequences of blocks, see RUNS.
    runs: tuple[int, ...]
    heads: tuple[str, ...]


PLANS = {
    'movenet_lightning': Plan(32, (16, 24, 32, 64, 96, 160, 320), SINGLE_POSE_HEADS),
    'movenet_thunder': Plan(56, (32, 40, 56, 112, 168, 280, 560), SINGLE_POSE_HEADS),
    'movenet_multipose': Plan(48, (24, 40, 48, 96, 144, 240, 480), MULTI_POSE_HEADS),
}
# MobileNetV2: number of blocks in each sequence, and the stride of the first block.
RUNS = ((1, 1), (2, 2), (3, 2), (4, 2), (3, 1), (3, 2), (1, 1))
# Sequences that feed the pyramid, from coarse to fine, and its output channels for each.
TAPPED_RUNS = (3, 2, 1)
PYRAMID_CHANNELS = (32, 24, 24)


class SameConv2d(nn.Conv2d):
    """
    A convolution with a bias, padded like TensorFlow's 'SAME' for even sizes.

    For a stride of 2 this pads nothing at the top and left, and one pixel at the bottom and right.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(
            inputs, outputs, kernel, stride=stride, padding=padding, groups=groups, bias=bias
        )

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``(N, inputs, H, W)`` into ``(N, outputs, H / stride, W / stride)``."""
        if self.stride[0] == 2:
            x = functional.pad(x, (0, 1, 0, 1))
        return super().forward(x)


class InvertedResidual(nn.Module):
    """Expand by a 1 x 1 convolution, filter each channel, project; add the input if it fits."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        if expansion != 1:
            self.expand = SameConv2d(inputs, wide, 1)
        self.depthwise = SameConv2d(wide, wide, 3, stride=stride, groups=wide)
        self.project = SameConv2d(wide, outputs, 1)
        self.expands = expansion != 1
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, H, W)`` to ``(N, outputs, H / stride, W / stride)``."""
        y = functional.relu6(self.expand(x)) if self.expands else x
        y = functional.relu6(self.depthwise(y))
        narrow: Tensor = self.project(y)
        return x + narrow if self.residual else narrow


class Backbone(nn.Module):
    """MobileNetV2 with outputs at a quarter, an eighth, a sixteenth and a 32nd of the size."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.stem = SameConv2d(3, plan.stem, 3, stride=2)
        self.blocks = nn.ModuleList()
        self.taps: list[
            int
        ] = []  # index of the last block of each tapped sequence, fine to coarse
        channels = plan.stem
        for run, (repeats, first_stride) in enumerate(RUNS):
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                expansion = EXPANSION if run else 1
                outputs = plan.runs[run]
                self.blocks.append(InvertedResidual(channels, outputs, stride, expansion))
                channels = outputs
            if run in TAPPED_RUNS:
                self.taps.append(len(self.blocks) - 1)
        self.last = SameConv2d(channels, LAST_CHANNELS, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        """
        Compute the features of ``(N, 3, H, W)``.

        :returns: feature maps from coarse to fine: ``(N, C, H / 32, W / 32)`` to
            ``(N, C, H / 4, W / 4)``
        """
        features: list[Tensor] = []
        x = functional.relu6(self.stem(x))
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.taps:
                features.insert(0, x)
        return [functional.relu6(self.last(x)), *features]


class Separable(nn.Module):
    """A depthwise 3 x 3 convolution without bias, then a 1 x 1 convolution and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.depthwise = SameConv2d(inputs, inputs, 3, groups=inputs, bias=False)
        self.pointwise = SameConv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, H, W)`` to ``(N, outputs, H, W)``."""
        return functional.relu(self.pointwise(self.depthwise(x)))


class Pyramid(nn.Module):
    """Merge feature maps from coarse to fine: double the size and add the next level."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.top = SameConv2d(LAST_CHANNELS, TOP_CHANNELS, 1)
        self.lateral = nn.ModuleList()
        self.smooth = nn.ModuleList()
        channels = TOP_CHANNELS
        for run, outputs in zip(TAPPED_RUNS, PYRAMID_CHANNELS, strict=True):
            self.lateral.append(SameConv2d(plan.runs[run], channels, 1))
            self.smooth.append(Separable(channels, outputs))
            channels = outputs

    def forward(self, features: list[Tensor]) -> Tensor:
        """Merge feature maps, given from coarse to fine, into ``(N, 24, H / 4, W / 4)``."""
        x: Tensor = self.top(features[0])
        for lateral, smooth, feature in zip(self.lateral, self.smooth, features[1:], strict=True):
            x = functional.interpolate(x, scale_factor=2.0, mode='bilinear', align_corners=False)
            x = smooth(x + lateral(feature))
        return x


class Head(nn.Module):
    """The layers that compute one output map."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.hidden = Separable(PYRAMID_CHANNELS[-1], HEAD_WIDTH)
        self.out = SameConv2d(HEAD_WIDTH, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, 24, H / 4, W / 4)`` to ``(N, outputs, H / 4, W / 4)``."""
        maps: Tensor = self.out(self.hidden(x))
        return maps


class MoveNet(nn.Module):
    """
    One of the published networks.

    :param name: a key of :data:`PLANS`
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        plan = PLANS[name]
        self.output_names = plan.heads
        self.size_step = SIZE_STEP
        self.backbone = Backbone(plan)
        self.pyramid = Pyramid(plan)
        self.heads = nn.ModuleDict({name: Head(HEAD_CHANNELS[name]) for name in plan.heads})

    def forward(self, batch: Tensor) -> tuple[Tensor, ...]:
        """
        Compute the output maps of images.

        :param batch: RGB from -1 to 1, ``(N, 3, H, W)``, H and W multiples of 32
        :returns: the map of each head of the plan, ``(N, channels, H / 4, W / 4)``
        """
        x: Tensor = self.pyramid(self.backbone(batch))
        return tuple(self.heads[name](x) for name in self.output_names)
