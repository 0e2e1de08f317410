"""
Which frames are learned from, and which are kept apart to measure with.

Frames that were taken one after the other look alike. Were some of them learned from and others
kept apart, the accuracy would tell how well frames are remembered. So frames are first joined to
bursts, and a burst stays on one side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import hashlib
import itertools
import math

from nn_perception.capabilities.tagging.out_of_distribution import unit_length
from nn_perception.training.datasets.labelled_frames import Sample
import numpy as np
from numpy.typing import NDArray

# The cosine between embeddings from which on frames are near duplicates: mirrored photographs
# reach 0.92 to 0.97, different photographs of similar objects mostly stay below 0.9.
NEAR_DUPLICATE = 0.9
# Frames of one recording follow each other within this time, and resemble each other a little.
BURST_GAP_NS = 2_000_000_000
SAME_SCENE = 0.7


@dataclass(frozen=True)
class Split:
    """
    Places of samples, in ascending order.

    :param training: to learn from, int64
    :param held_out: to measure with, int64
    :param cut: labels of which one burst had to be cut in two, so that both sides look alike
    """

    training: NDArray[np.int64]
    held_out: NDArray[np.int64]
    cut: tuple[str, ...]


def find_bursts(samples: Sequence[Sample], embeddings: NDArray[np.float32]) -> NDArray[np.int64]:
    """
    Join the frames of a label that look almost the same, and those of one recording.

    :param samples: N of them
    :param embeddings: float32, ``(N, D)``
    :returns: the number of each frame's burst, ``(N,)``
    """
    leaders = list(range(len(samples)))

    def leader(place: int) -> int:
        while leaders[place] != place:
            leaders[place] = leaders[leaders[place]]
            place = leaders[place]
        return place

    for places in _by_label(samples).values():
        unit = unit_length(embeddings[places])
        cosines = unit @ unit.T
        for first, second in np.argwhere(np.triu(cosines >= NEAR_DUPLICATE, 1)):
            leaders[leader(places[second])] = leader(places[first])
        order = sorted(range(len(places)), key=lambda at: samples[places[at]].stamp_ns)
        for before, after in itertools.pairwise(order):
            stamps_ns = samples[places[before]].stamp_ns, samples[places[after]].stamp_ns
            close = stamps_ns[0] > 0 and stamps_ns[1] - stamps_ns[0] <= BURST_GAP_NS
            if close and cosines[before, after] >= SAME_SCENE:
                leaders[leader(places[after])] = leader(places[before])
    return np.array([leader(place) for place in range(len(samples))], np.int64)


def split(
    samples: Sequence[Sample], bursts: NDArray[np.int64], fraction: float, seed: int
) -> Split:
    """
    Keep a part of each label apart.

    Which bursts those are depends on the seed and the pictures alone, not on the order of the
    files; with more frames most stay where they were.

    :param samples: at least two of each label
    :param bursts: see :func:`find_bursts`
    :param fraction: of each label to keep apart, above 0 and below 1
    """
    held_out: list[int] = []
    cut = []
    for label, places in _by_label(samples).items():
        wanted = min(len(places) - 1, max(1, round(fraction * len(places))))
        chosen = _choose(_in_random_order(samples, bursts, places, seed), wanted)
        if len(chosen) < math.ceil(wanted / 2):
            # One recording holds nearly all: its end is the best there is to measure with.
            chosen = sorted(places, key=lambda at: (samples[at].stamp_ns, at))[-wanted:]
            cut.append(label)
        held_out += chosen
    is_held_out = np.isin(np.arange(len(samples)), held_out)
    return Split(np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out), tuple(cut))


def folds_of(
    bursts: NDArray[np.int64], classes: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """
    Deal the bursts of each class out to folds, the largest first, to the fold that has least.

    :param bursts: of each frame, ``(N,)``
    :param classes: of each frame, ``(N,)``
    :param count: how many folds
    :returns: the fold of each frame, ``(N,)``
    """
    folds = np.zeros(len(bursts), np.int64)
    for one in np.unique(classes):
        filled = np.zeros(count, np.int64)
        numbers, sizes = np.unique(bursts[classes == one], return_counts=True)
        for at in np.argsort(-sizes, kind='stable'):
            fold = int(filled.argmin())
            filled[fold] += sizes[at]
            folds[bursts == numbers[at]] = fold
    return folds


def _by_label(samples: Sequence[Sample]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, sample in enumerate(samples):
        places.setdefault(sample.label, []).append(place)
    return places


def _in_random_order(
    samples: Sequence[Sample], bursts: NDArray[np.int64], places: Sequence[int], seed: int
) -> list[list[int]]:
    """Give the bursts of a label, each a list of places, in an order that the seed decides."""
    groups: dict[int, list[int]] = {}
    for place in places:
        groups.setdefault(int(bursts[place]), []).append(place)

    def draw(group: list[int]) -> str:
        first = min(samples[place].sha256 for place in group)
        return hashlib.sha256(f'{seed} {first}'.encode()).hexdigest()

    return sorted(groups.values(), key=draw)


def _choose(groups: Sequence[list[int]], wanted: int) -> list[int]:
    """Take whole bursts as long as they fit."""
    chosen: list[int] = []
    for group in groups:
        if len(chosen) + len(group) <= wanted:
            chosen += group
    return chosen
