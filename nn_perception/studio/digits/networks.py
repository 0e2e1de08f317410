"""The two networks that read the pad, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.core.inference.checkpoint import Checkpoint

# Running averages of batch norm are stored with the weights.
STATISTICS = ('running_mean', 'running_var', 'num_batches_tracked')


@dataclass(frozen=True)
class PadNetwork:
    """
    A network that reads single digits.

    :param name: by which the page calls it
    :param model: name of its checkpoint
    :param words: what it is, for people
    :param errors: of the 10,000 digits of the MNIST test set, among eleven classes
    """

    name: str
    model: str
    words: str
    errors: int

    def describe(self, reader: DigitReader) -> str:
        """Say in one sentence what it is and how good it is."""
        weights = count_weights(reader.checkpoint)
        accuracy = 100 - self.errors / 100
        return f'{self.words}; {weights:,} weights; {accuracy:.2f} % of the MNIST test set'


CNN = PadNetwork('cnn', 'digit_cnn', 'Five convolutions, which see strokes wherever they are', 28)
MLP = PadNetwork('mlp', 'digit_mlp', 'Fully connected, it sees each pixel at its place', 64)
NETWORKS = (CNN, MLP)


def count_weights(checkpoint: Checkpoint) -> int:
    """Count what training has set, without the averages of batch norm."""
    return sum(
        int(values.size)
        for name, values in checkpoint.weights().items()
        if not name.endswith(STATISTICS)
    )
