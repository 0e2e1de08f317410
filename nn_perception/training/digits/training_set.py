"""Training samples of the digit networks: MNIST, print, other handwriting, and clutter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import sys

from nn_perception.capabilities.digits.patches import Patches
from nn_perception.capabilities.digits.selection import DIGITS
from nn_perception.training.digits.augmentation import augment, Augmentation, MILD, SLIGHT, STRONG
from nn_perception.training.digits.clutter import cut_from, draw_clutter, joined_digits
from nn_perception.training.digits.pen_digits import pen_digit
from nn_perception.training.digits.printed_digits import LETTERS, printed, SIGNS
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

LABELS = (*DIGITS, 'not a digit')
NOT_A_DIGIT = len(DIGITS)

# Number of samples of each kind in an epoch, relative to MNIST's images.
PRINT, PEN, CLUTTER = 0.06, 0.05, 0.12
# Drawn once; augmentation varies them in each epoch.
PEN_DRAWINGS, CLUTTER_DRAWINGS, PAIRS = 8000, 8000, 2000


@dataclass(frozen=True)
class Source:
    """
    Samples of one kind.

    :param images: float32, ``(N, 1, 28, 28)``, 0 (background) to 1 (ink)
    :param labels: int64, ``(N,)``
    :param per_epoch: number of samples per epoch; if there are fewer, some are repeated, if there
        are more, the next epochs use the others
    :param augmentation: ``None``: none
    :param last_augmentation: augmentation in the last epochs
    """

    images: Tensor
    labels: Tensor
    per_epoch: int
    augmentation: Augmentation | None
    last_augmentation: Augmentation | None


class TrainingSet:
    """
    Batches that depend only on seed, epoch and step, so that training can resume anywhere.

    :param images: images of MNIST, uint8, ``(N, 28, 28)``
    :param labels: 0 to 9, ``(N,)``
    :param clutter: photographs without digits
    :param seed: seed of all randomness
    :param augmented: augment, and add other samples; otherwise only MNIST's images are used
    :param settling_from: from this epoch on, MNIST's images are augmented only slightly, so that
        the last samples look like real ones
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.integer],
        *,
        clutter: Sequence[Path] = (),
        seed: int = 0,
        augmented: bool = True,
        settling_from: int = sys.maxsize,
    ) -> None:
        self._seed = seed
        self._settling_from = settling_from
        mnist = _tensor(images.astype(np.float32) / 255.0)
        truth = torch.from_numpy(labels.astype(np.int64))
        augmentations = (MILD, SLIGHT) if augmented else (None, None)
        self._sources = [Source(mnist, truth, len(images), *augmentations)]
        if augmented:
            self._sources += _drawn(images, clutter, np.random.default_rng(seed))

    def __len__(self) -> int:
        """Return the number of samples per epoch."""
        return sum(source.per_epoch for source in self._sources)

    def steps(self, batch_size: int) -> int:
        """Return the number of complete batches per epoch."""
        return max(1, len(self) // batch_size)

    def batch(self, epoch: int, step: int, batch_size: int) -> tuple[Tensor, Tensor]:
        """
        Return one batch.

        :param epoch: from 0
        :param step: from 0, below :meth:`steps`
        :returns: images, float32, ``(batch_size, 1, 28, 28)``, 0 (background) to 1 (ink), and
            their labels, int64, ``(batch_size,)``, 10 for clutter
        """
        chosen = self._order(epoch)[step * batch_size : (step + 1) * batch_size]
        generator = torch.Generator().manual_seed(_seed(self._seed, epoch, step + 1))
        images, labels = [], []
        start = 0
        for source in self._sources:
            own = chosen[(chosen >= start) & (chosen < start + source.per_epoch)] - start
            own = (own + epoch * source.per_epoch) % len(source.images)
            varied = source.images[own]
            settling = epoch >= self._settling_from
            how = source.last_augmentation if settling else source.augmentation
            if how is not None and len(own):
                varied = augment(varied, how, generator)
            images.append(varied)
            labels.append(source.labels[own])
            start += source.per_epoch
        return torch.cat(images), torch.cat(labels)

    def _order(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(_seed(self._seed, epoch, 0))
        return torch.randperm(len(self), generator=generator)


def _drawn(
    images: NDArray[np.uint8], clutter: Sequence[Path], random: np.random.Generator
) -> list[Source]:
    """Draw the samples that MNIST lacks."""
    share = len(images) / 60_000
    glyphs, places = printed(''.join(DIGITS))
    pens = [i % 10 for i in range(max(10, round(PEN_DRAWINGS * share)))]
    written = np.stack([pen_digit(digit, random) for digit in pens])
    letters, _ = printed(LETTERS + SIGNS)
    none = _shuffled(
        [
            letters,
            draw_clutter(max(16, round(CLUTTER_DRAWINGS * share)), random),
            joined_digits(images, max(4, round(PAIRS * share)), random),
            cut_from(clutter, random),
        ],
        random,
    )
    return [
        Source(_tensor(drawn), labels, round(share * len(images)), STRONG, STRONG)
        for drawn, labels, share in (
            (glyphs, torch.from_numpy(places), PRINT),
            (written, torch.tensor(pens), PEN),
            (none, torch.full((len(none),), NOT_A_DIGIT), CLUTTER),
        )
    ]


def _shuffled(groups: Sequence[Patches], random: np.random.Generator) -> Patches:
    joined = np.concatenate(list(groups))
    return joined[random.permutation(len(joined))]


def _tensor(images: Patches) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(images))[:, None]


def _seed(*numbers: int) -> int:
    """Combine numbers into one seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
