"""
Choose the frames to train on, and the held-out frames to measure with.

Frames that were taken one after the other look alike. If some of them were trained on and others
held out, the accuracy would only show how well frames are remembered. So frames are first grouped
into bursts, and the frames of a burst stay on one side of the split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import hashlib
import math

from nn_perception.capabilities.tagging.out_of_distribution import unit_length
from nn_perception.training.datasets.labelled_frames import LabelledFrame
from nn_perception.training.datasets.similar_frames import similar_later
import numpy as np
from numpy.typing import NDArray

# Frames whose embeddings have at least this cosine are near duplicates: mirrored photographs reach
# 0.92 to 0.97, different photographs of similar objects mostly stay below 0.9.
NEAR_DUPLICATE = 0.9
# Frames of one recording follow each other within this time, and are at least this similar.
BURST_GAP_NS = 2_000_000_000
SAME_SCENE = 0.7


@dataclass(frozen=True)
class Split:
    """
    Indices of frames, in ascending order.

    :param training: frames to train on, int64
    :param held_out: frames to measure with, int64
    :param cut: labels with one burst on both sides, because the burst holds nearly all frames
    """

    training: NDArray[np.int64]
    held_out: NDArray[np.int64]
    cut: tuple[str, ...]

    def warnings(self) -> list[str]:
        """Return one sentence for each label whose accuracy is too optimistic."""
        return [
            f"all frames of '{label}' look like one recording, so the accuracy is optimistic; "
            'move the object and record again'
            for label in self.cut
        ]


def find_bursts(
    frames: Sequence[LabelledFrame], embeddings: NDArray[np.float32]
) -> NDArray[np.int64]:
    """
    Group the frames of a label that are near duplicates, or follow each other in one recording.

    :param frames: N frames
    :param embeddings: float32, ``(N, D)``
    :returns: the number of each frame's burst, ``(N,)``
    """
    bursts = np.arange(len(frames))
    for indices in _by_label(frames).values():
        at = np.array(indices)
        unit = unit_length(embeddings, at)
        own = np.arange(len(indices))  # burst of each frame of the label
        for first, later in similar_later(unit, NEAR_DUPLICATE):
            own = _joined(own, own[first], own[later])
        order = np.array(sorted(range(len(indices)), key=lambda n: frames[indices[n]].stamp_ns))
        cosines = np.einsum('nd,nd->n', unit[order[:-1]], unit[order[1:]])
        stamps_ns = np.array([frames[indices[n]].stamp_ns for n in order])
        one_scene = (
            (stamps_ns[:-1] > 0) & (np.diff(stamps_ns) <= BURST_GAP_NS) & (cosines >= SAME_SCENE)
        )
        for pair in np.flatnonzero(one_scene):
            before, after = order[pair : pair + 2]
            own = _joined(own, own[before], own[after : after + 1])
        bursts[at] = at[own]
    return bursts


def _joined(
    bursts: NDArray[np.int64], burst: np.int64, others: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Join other bursts to a burst, whose number stays."""
    others = others[others != burst]
    if not others.size:
        return bursts
    numbers = np.arange(len(bursts))
    numbers[others] = burst
    return numbers[bursts]


def split_frames(
    frames: Sequence[LabelledFrame], bursts: NDArray[np.int64], fraction: float, seed: int
) -> Split:
    """
    Hold out a fraction of each label's frames.

    The choice depends on the seed and the pictures alone, not on the order of the files. When
    frames are added, most frames stay on the side where they were.

    :param frames: at least two of each label
    :param bursts: see :func:`find_bursts`
    :param fraction: fraction of each label to hold out, above 0 and below 1
    """
    held_out: list[int] = []
    cut = []
    for label, indices in _by_label(frames).items():
        wanted = min(len(indices) - 1, max(1, round(fraction * len(indices))))
        chosen = _choose(_in_random_order(frames, bursts, indices, seed), wanted)
        if len(chosen) < math.ceil(wanted / 2):
            # One recording holds nearly all frames: its end is the best choice that is left.
            chosen = sorted(indices, key=lambda at: (frames[at].stamp_ns, at))[-wanted:]
            cut.append(label)
        held_out += chosen
    is_held_out = np.isin(np.arange(len(frames)), held_out)
    return Split(np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out), tuple(cut))


def assign_folds(
    bursts: NDArray[np.int64], classes: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """
    Distribute the bursts of each class over folds for cross-validation.

    The largest burst comes first, and each goes to the fold with the fewest frames.

    :param bursts: burst of each frame, ``(N,)``
    :param classes: class of each frame, ``(N,)``
    :param count: number of folds
    :returns: the fold of each frame, ``(N,)``
    """
    folds = np.zeros(len(bursts), np.int64)
    for one in np.unique(classes):
        filled = np.zeros(count, np.int64)
        _, places, sizes = np.unique(
            bursts[classes == one], return_inverse=True, return_counts=True
        )
        fold_of_burst = np.zeros(len(sizes), np.int64)
        for at in np.argsort(-sizes, kind='stable'):
            fold_of_burst[at] = filled.argmin()
            filled[fold_of_burst[at]] += sizes[at]
        folds[classes == one] = fold_of_burst[places]
    return folds


def _by_label(frames: Sequence[LabelledFrame]) -> dict[str, list[int]]:
    indices: dict[str, list[int]] = {}
    for index, frame in enumerate(frames):
        indices.setdefault(frame.label, []).append(index)
    return indices


def _in_random_order(
    frames: Sequence[LabelledFrame],
    bursts: NDArray[np.int64],
    indices: Sequence[int],
    seed: int,
) -> list[list[int]]:
    """Return the bursts of a label, each a list of indices, shuffled with the seed."""
    groups: dict[int, list[int]] = {}
    for index in indices:
        groups.setdefault(int(bursts[index]), []).append(index)

    def key(group: list[int]) -> str:
        first = min(frames[index].sha256 for index in group)
        return hashlib.sha256(f'{seed} {first}'.encode()).hexdigest()

    return sorted(groups.values(), key=key)


def _choose(groups: Sequence[list[int]], wanted: int) -> list[int]:
    """Take whole bursts as long as they fit."""
    chosen: list[int] = []
    for group in groups:
        if len(chosen) + len(group) <= wanted:
            chosen += group
    return chosen
