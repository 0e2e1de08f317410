"""
A small convolutional network for single digits of 28 x 28 pixels.

Plain convolutions with batch norm (Ioffe and Szegedy, 2015), in the style of VGG (Simonyan and
Zisserman, 2014). Where a convolution is pooled, pooling comes before batch norm and ReLU: both
then process a quarter of the values.
"""

from __future__ import annotations

from torch import nn, Tensor

INPUT_SIZE = 28
# Kernel size and output channels of each convolution, and whether its output is pooled to half the
# size. The first kernel covers a whole stroke, because pooling follows at once.
CONVOLUTIONS = ((5, 32, True), (3, 48, False), (3, 48, True), (3, 128, False), (3, 128, True))
POOLED_SIZE = 3


class ConvNorm(nn.Sequential):
    """A convolution, optional pooling to half the size, batch norm and ReLU."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, pooled: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        if pooled:
            self.pool = nn.MaxPool2d(2)
        self.norm = nn.BatchNorm2d(outputs)
        self.activation = nn.ReLU(inplace=True)


class DigitCnn(nn.Module):
    """
    The network of the digit reader: 250,000 parameters, 17 million multiply-adds.

    :param num_classes: number of outputs of the last linear layer
    :param dropout: fraction of the features that is dropped before that layer in training
    """

    def __init__(self, num_classes: int = 11, *, dropout: float = 0.3) -> None:
        super().__init__()
        self.blocks = nn.Sequential()
        channels = 1
        for kernel, outputs, pooled in CONVOLUTIONS:
            self.blocks.append(ConvNorm(channels, outputs, kernel=kernel, pooled=pooled))
            channels = outputs
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels * POOLED_SIZE * POOLED_SIZE, num_classes)

    @property
    def first_layer(self) -> Tensor:
        """Weights of the first convolution, ``(32, 1, 5, 5)``."""
        first = self.blocks[0]
        assert isinstance(first, ConvNorm)
        return first.conv.weight

    def forward(self, batch: Tensor) -> Tensor:
        """Classify normalised images ``(N, 1, 28, 28)`` into logits ``(N, num_classes)``."""
        x: Tensor = self.blocks(batch)  # (N, 128, 3, 3)
        logits: Tensor = self.head(self.dropout(x.flatten(1)))
        return logits
