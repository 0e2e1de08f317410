"""Samples that a run is trained, validated and tested with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nn_perception.core.imaging.preprocessing import Preprocessing
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

# Labels of digits, by index.
DIGIT_LABELS = tuple('0123456789')


@dataclass(frozen=True)
class Samples:
    """
    Pictures and what they show.

    :param images: uint8, ``(N, S, S)`` grey, or ``(N, S, S, 3)`` RGB
    :param labels: index of each picture's label, int64, ``(N,)``
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.labels)

    def take(self, indices: NDArray[np.int64]) -> Samples:
        """Return copies of some samples, in this order."""
        return Samples(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class RunData:
    """
    The samples of a run, as 8-bit pictures; only a batch becomes floats.

    :param name: as in :class:`nn_perception.training.runs.records.RunSettings`
    :param title: for people
    :param labels: names of the classes
    :param preprocessing: how a checkpoint of the run turns other pictures into inputs
    :param training: to train with, in an order from which the first N are a fair choice
    :param validation: to choose settings with; never trained with
    :param test: to measure with at the end; from other writers, recordings or drawings
    :param warnings: a sentence each: what was left out, and what makes figures too optimistic
    """

    name: str
    title: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    training: Samples
    validation: Samples
    test: Samples
    warnings: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of a network's input, ``(C, H, W)``."""
        size = self.preprocessing.size
        return self.preprocessing.channels, size, size

    def batch(self, part: Samples, indices: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """
        Return inputs of a network.

        :param part: one of the three parts
        :param indices: of its samples
        :returns: float32, ``(len(indices), C, H, W)``, normalised
        """
        return self.inputs(part.images[np.asarray(indices, np.int64)])

    def inputs(self, images: NDArray[np.uint8]) -> Tensor:
        """
        Normalise pictures of the right size, just as the preprocessing does.

        :param images: uint8, ``(N, H, W)``, or ``(N, H, W, 3)`` RGB
        :returns: float32, ``(N, C, H, W)``
        """
        import torch

        channels = self.preprocessing.channels
        planes = images[:, None] if channels == 1 else images.transpose(0, 3, 1, 2)
        batch = torch.from_numpy(np.ascontiguousarray(planes)).float()
        std = torch.tensor(self.preprocessing.std, dtype=torch.float64)
        mean = torch.tensor(self.preprocessing.mean, dtype=torch.float64)
        factor, offset = (v.float().view(1, channels, 1, 1) for v in (1.0 / std, -mean / std))
        return batch.mul_(factor).add_(offset)


def split_validation(
    samples: Samples, held_out: NDArray[np.int64], training: NDArray[np.int64], limit: int
) -> tuple[Samples, Samples]:
    """
    Return the training and the validation samples.

    :param held_out: indices of the validation samples
    :param training: indices of the others
    :param limit: maximum number of training samples; 0: all
    """
    return samples.take(training[: limit or None]), samples.take(held_out)
