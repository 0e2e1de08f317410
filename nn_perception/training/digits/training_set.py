"""What the digit networks learn from: MNIST, print, pens, and what is no digit."""

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

# How many of each are shown in an epoch, for each of MNIST's images.
PRINT, PEN, CLUTTER = 0.06, 0.05, 0.12
# Drawn once; augmentation makes them new each time.
PEN_DRAWINGS, CLUTTER_DRAWINGS, PAIRS = 8000, 8000, 2000


@dataclass(frozen=True)
class Source:
    """
    Images of one kind.

    :param images: float32, ``(N, 1, 28, 28)``, 0 (ground) to 1 (ink)
    :param labels: int64, ``(N,)``
    :param shown: how many of them an epoch shows; if there are fewer, some more than once, if
        there are more, the others in the next epochs
    :param variation: how they are varied, ``None``: not at all
    :param last_variation: how they are varied in the last epochs
    """

    images: Tensor
    labels: Tensor
    shown: int
    variation: Augmentation | None
    last_variation: Augmentation | None


class TrainingSet:
    """
    Batches that are a function of seed, epoch and step, so that training can go on anywhere.

    :param images: MNIST's, uint8, ``(N, 28, 28)``
    :param labels: 0 to 9, ``(N,)``
    :param clutter: photographs without digits
    :param seed: of all that is random
    :param augmented: else MNIST's images alone, as they are
    :param settling_from: from this epoch on MNIST's images are varied only slightly: what is
        learned last should look like what is read
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
        variations = (MILD, SLIGHT) if augmented else (None, None)
        self._sources = [Source(mnist, truth, len(images), *variations)]
        if augmented:
            self._sources += _drawn(images, clutter, np.random.default_rng(seed))

    def __len__(self) -> int:
        """Count the samples of an epoch."""
        return sum(source.shown for source in self._sources)

    def steps(self, batch_size: int) -> int:
        """Count the whole batches of an epoch."""
        return max(1, len(self) // batch_size)

    def batch(self, epoch: int, step: int, batch_size: int) -> tuple[Tensor, Tensor]:
        """
        Make one batch.

        :param epoch: from 0
        :param step: from 0, below :meth:`steps`
        :returns: images, float32, ``(batch_size, 1, 28, 28)``, 0 (ground) to 1 (ink), and their
            labels, int64, ``(batch_size,)``, 10 for what is no digit
        """
        chosen = self._order(epoch)[step * batch_size : (step + 1) * batch_size]
        generator = torch.Generator().manual_seed(_seed(self._seed, epoch, step + 1))
        images, labels = [], []
        start = 0
        for source in self._sources:
            own = chosen[(chosen >= start) & (chosen < start + source.shown)] - start
            own = (own + epoch * source.shown) % len(source.images)
            varied = source.images[own]
            settling = epoch >= self._settling_from
            how = source.last_variation if settling else source.variation
            if how is not None and len(own):
                varied = augment(varied, how, generator)
            images.append(varied)
            labels.append(source.labels[own])
            start += source.shown
        return torch.cat(images), torch.cat(labels)

    def _order(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(_seed(self._seed, epoch, 0))
        return torch.randperm(len(self), generator=generator)


def _drawn(
    images: NDArray[np.uint8], clutter: Sequence[Path], random: np.random.Generator
) -> list[Source]:
    """Make what MNIST lacks."""
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
    """Mix numbers into one seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
