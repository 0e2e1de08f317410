"""
Choose the frames to train on, and the held-out frames to measure with.

Frames that were taken one after the other look alike. If some of them were trained on and others
held out, the accuracy would only show how well frames are remembered. So frames are first grouped
into bursts, and the frames of a burst stay on one side of the split. The same goes for the clips
of a recording and of a speaker, whatever their labels: else the accuracy would show how well
voices are remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import hashlib
import math

from nn_perception.capabilities.tagging.out_of_distribution import unit_length
from nn_perception.training.datasets.labelled_frames import LabelledFrame
from nn_perception.training.datasets.media.medium import Medium, Words
from nn_perception.training.datasets.media.pictures import IMAGES
from nn_perception.training.datasets.similar_frames import similar_later
import numpy as np
from numpy.typing import NDArray

# Frames of one recording follow each other within this time.
BURST_GAP_NS = 2_000_000_000


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

    def warnings(self, words: Words = IMAGES.words) -> list[str]:
        """Return one sentence for each label whose accuracy is too optimistic."""
        return [
            f"all {words.items} of '{label}' {words.alike} like one recording, so the accuracy is "
            f'optimistic; {words.again}'
            for label in self.cut
        ]


def find_bursts(
    frames: Sequence[LabelledFrame], embeddings: NDArray[np.float32], medium: Medium = IMAGES
) -> NDArray[np.int64]:
    """
    Group the frames of a label that are near duplicates, or follow each other in one recording;
    and, whatever their labels, the clips of a recording.

    :param frames: N frames
    :param embeddings: float32, ``(N, D)``
    :param medium: how similar frames of one burst are
    :returns: the number of each frame's burst, ``(N,)``
    """
    bursts = np.arange(len(frames))
    for indices in _by_label(frames).values():
        at = np.array(indices)
        unit = unit_length(embeddings, at)
        own = np.arange(len(indices))  # burst of each frame of the label
        for first, later in similar_later(unit, medium.similarity.near_duplicate):
            own = _joined(own, own[first], own[later])
        order = np.array(sorted(range(len(indices)), key=lambda n: frames[indices[n]].stamp_ns))
        cosines = np.einsum('nd,nd->n', unit[order[:-1]], unit[order[1:]])
        stamps_ns = np.array([frames[indices[n]].stamp_ns for n in order])
        soon = (stamps_ns[:-1] > 0) & (np.diff(stamps_ns) <= BURST_GAP_NS)
        one_scene = soon & (cosines >= medium.similarity.same_scene)
        for pair in np.flatnonzero(one_scene):
            before, after = order[pair : pair + 2]
            own = _joined(own, own[before], own[after : after + 1])
        bursts[at] = at[own]
    for recorded in _by_recording(frames):
        bursts = _joined(bursts, bursts[recorded[0]], bursts[recorded[1:]])
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
    labels = _by_label(frames)
    wanted = {
        label: min(len(indices) - 1, max(1, round(fraction * len(indices))))
        for label, indices in labels.items()
    }
    chosen = _choose(frames, _in_random_order(frames, bursts, seed), wanted)
    held_out: list[int] = []
    cut = []
    for label, indices in labels.items():
        of_label = chosen[label]
        if len(of_label) < math.ceil(wanted[label] / 2):
            # One recording holds nearly all frames: its end is the best choice that is left.
            latest = sorted(indices, key=lambda at: (frames[at].stamp_ns, at))
            of_label = latest[-wanted[label] :]
            cut.append(label)
        held_out += of_label
    is_held_out = np.isin(np.arange(len(frames)), held_out)
    return Split(np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out), tuple(cut))


def assign_folds(
    bursts: NDArray[np.int64], classes: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """
    Distribute the bursts of each class over folds for cross-validation.

    The largest burst comes first, and each goes to the fold with the fewest frames; a recording
    with several classes stays in one fold.

    :param bursts: burst of each frame, ``(N,)``
    :param classes: class of each frame, ``(N,)``
    :param count: number of folds
    :returns: the fold of each frame, ``(N,)``
    """
    folds = np.zeros(len(bursts), np.int64)
    known: dict[int, int] = {}
    for one in np.unique(classes):
        filled = np.zeros(count, np.int64)
        found, places, sizes = np.unique(
            bursts[classes == one], return_inverse=True, return_counts=True
        )
        fold_of_burst = np.zeros(len(sizes), np.int64)
        for at in np.argsort(-sizes, kind='stable'):
            fold_of_burst[at] = known.setdefault(int(found[at]), int(filled.argmin()))
            filled[fold_of_burst[at]] += sizes[at]
        folds[classes == one] = fold_of_burst[places]
    return folds


def _by_label(frames: Sequence[LabelledFrame]) -> dict[str, list[int]]:
    indices: dict[str, list[int]] = {}
    for index, frame in enumerate(frames):
        indices.setdefault(frame.label, []).append(index)
    return indices


def _by_recording(frames: Sequence[LabelledFrame]) -> list[NDArray[np.int64]]:
    """Return the indices of the clips of each recording."""
    indices: dict[str, list[int]] = {}
    for index, frame in enumerate(frames):
        if frame.recording:
            indices.setdefault(frame.recording, []).append(index)
    return [np.array(found, np.int64) for found in indices.values()]


def _in_random_order(
    frames: Sequence[LabelledFrame], bursts: NDArray[np.int64], seed: int
) -> list[list[int]]:
    """Return the bursts, each a list of indices, shuffled with the seed."""
    groups: dict[int, list[int]] = {}
    for index, burst in enumerate(bursts.tolist()):
        groups.setdefault(burst, []).append(index)

    def key(group: list[int]) -> str:
        # A clip more does not move a recording, or a speaker, to the other side.
        first = min(frames[index].recording or frames[index].sha256 for index in group)
        return hashlib.sha256(f'{seed} {first}'.encode()).hexdigest()

    return sorted(groups.values(), key=key)


def _choose(
    frames: Sequence[LabelledFrame], groups: Sequence[list[int]], wanted: Mapping[str, int]
) -> dict[str, list[int]]:
    """Take whole bursts as long as they fit into what is wanted of each of their labels."""
    chosen: dict[str, list[int]] = {label: [] for label in wanted}
    for group in groups:
        labels = Counter(frames[index].label for index in group)
        if all(len(chosen[label]) + count <= wanted[label] for label, count in labels.items()):
            for index in group:
                chosen[frames[index].label].append(index)
    return chosen
