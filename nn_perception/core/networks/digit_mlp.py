"""
The classic fully connected network for single digits, a baseline for the convolutional one.

Two hidden layers with dropout, as in Srivastava et al., "Dropout: A Simple Way to Prevent Neural
Networks from Overfitting" (2014), but narrower, to stay below 500,000 parameters, and with batch
norm, so that one training recipe serves both networks.
"""

from __future__ import annotations

from torch import nn, Tensor

INPUT_SIZE = 28
WIDTHS = (400, 400)


class DenseNorm(nn.Sequential):
    """A linear layer, batch norm, ReLU and dropout."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=False)
        self.norm = nn.BatchNorm1d(outputs)
        self.activation = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(dropout)


class DigitMlp(nn.Module):
    """
    Two hidden layers of width 400: about 480,000 parameters and as many multiply-adds.

    :param num_classes: number of outputs of the last linear layer
    :param dropout: fraction of each hidden layer that is dropped in training
    """

    def __init__(self, num_classes: int = 11, *, dropout: float = 0.2) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        width = INPUT_SIZE * INPUT_SIZE
        for outputs in WIDTHS:
            self.layers.append(DenseNorm(width, outputs, dropout))
            width = outputs
        self.head = nn.Linear(width, num_classes)

    @property
    def first_layer(self) -> Tensor:
        """Weights of the first layer as images, ``(400, 1, 28, 28)``."""
        first = self.layers[0]
        assert isinstance(first, DenseNorm)
        return first.linear.weight.view(-1, 1, INPUT_SIZE, INPUT_SIZE)

    def forward(self, batch: Tensor) -> Tensor:
        """Classify normalised images ``(N, 1, 28, 28)`` into logits ``(N, num_classes)``."""
        logits: Tensor = self.head(self.layers(batch.flatten(1)))
        return logits
