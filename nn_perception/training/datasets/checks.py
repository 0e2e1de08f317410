"""
Checks of a dataset before time is spent on training.

Frames that cannot be used are left out. What makes training impossible is an error; what makes
its result worse is a warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nn_perception.capabilities.sounds.defaults import BACKGROUND
from nn_perception.capabilities.tagging.out_of_distribution import unit_length, UNKNOWN
from nn_perception.core.files.names import folded_name
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.training.datasets.embeddings import EmbeddingCache
from nn_perception.training.datasets.features import load_features
from nn_perception.training.datasets.labelled_frames import LabelledFrame
from nn_perception.training.datasets.left_out import as_text, listed
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.datasets.media.detection import medium_of
from nn_perception.training.datasets.media.medium import Medium, Words
from nn_perception.training.datasets.media.pictures import IMAGES
from nn_perception.training.datasets.similar_frames import similar_to_groups
import numpy as np
from numpy.typing import NDArray

MIN_FRAMES = 2
RECOMMENDED_FRAMES = 10
MAX_IMBALANCE = 5


class UnusableFramesError(ValueError):
    """
    Frames that cannot be trained on.

    :ivar reason: why
    :ivar left_out: what was left out, a sentence each; often the true reason

    :param reason: why
    :param left_out: what was left out
    """

    def __init__(self, reason: str, left_out: Sequence[str] = ()) -> None:
        super().__init__(as_text([reason, *left_out]) if left_out else reason)
        self.reason = reason
        self.left_out = tuple(left_out)


@dataclass(frozen=True)
class CheckedFrames:
    """
    Frames that can be trained on, and the result of the checks.

    :param base: network that computed the embeddings
    :param frames: N frames
    :param labels: the C labels, at least two, sorted
    :param classes: index of each frame's label, int64, ``(N,)``
    :param embeddings: input of the network's head, float32, ``(N, D)``
    :param similarity: the part of the embeddings that shows how similar pictures are, float32,
        ``(N, E)``
    :param warnings: one sentence for each frame that was left out, and each other problem
    """

    base: Checkpoint
    frames: list[LabelledFrame]
    labels: tuple[str, ...]
    classes: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    similarity: NDArray[np.float32]
    warnings: list[str]

    @property
    def medium(self) -> Medium:
        """Whether they are pictures or sounds."""
        return medium_of(self.base)


def check_frames(
    frames: Sequence[LabelledFrame],
    base: Checkpoint,
    cache: EmbeddingCache | None = None,
    on_progress: Callable[[float], None] = lambda _: None,
) -> CheckedFrames:
    """
    Run all checks.

    :param base: network that will be fine-tuned; it gets the settings for that
    :param cache: its embeddings, see :func:`load_features`
    :param on_progress: gets the finished share of the work, in ``[0, 1]``
    :raises OSError: if the network cannot be read
    :raises UnusableFramesError: if the frames cannot be trained on
    :raises ValueError: if the network is not usable
    :raises RuntimeError: if the network cannot be run
    """
    base, medium = base.for_fine_tuning(), medium_of(base)
    usable, warnings = without_contradictions(frames, medium)
    check_labels(usable, warnings, medium)  # before anything is computed
    features, problems = load_features(usable, base, cache, on_progress)
    usable = [frame for frame in usable if frame.sha256 in features]
    warnings += problems
    check_labels(usable, warnings, medium)
    embeddings = np.stack([features[frame.sha256].embedding for frame in usable])
    quality = np.array([features[frame.sha256].quality for frame in usable])
    del features  # as large as the embeddings
    similarity = base.last_layer_embedding(embeddings)
    warnings += find_warnings(usable, similarity, quality, medium)
    labels = tuple(sorted({frame.label for frame in usable}))
    index = {label: at for at, label in enumerate(labels)}
    classes = np.array([index[frame.label] for frame in usable], np.int64)
    return CheckedFrames(base, usable, labels, classes, embeddings, similarity, warnings)


def without_contradictions(
    frames: Sequence[LabelledFrame], medium: Medium = IMAGES
) -> tuple[list[LabelledFrame], list[str]]:
    """
    Leave out pictures that have several labels.

    :returns: the other frames, and one sentence for each pair of labels that share pictures
    """
    labels: dict[str, set[str]] = {}
    for frame in frames:
        labels.setdefault(frame.sha256, set()).add(frame.label)
    pairs = Counter(
        ' and '.join(f"'{label}'" for label in sorted(found))
        for found in labels.values()
        if len(found) > 1
    )
    sentences = [
        f'{medium.words.count(count)} with the labels {pair} at once: left out; delete the wrong '
        'ones'
        for pair, count in sorted(pairs.items())
    ]
    return [frame for frame in frames if len(labels[frame.sha256]) == 1], sentences


def check_labels(
    frames: Sequence[LabelledFrame], left_out: Sequence[str] = (), medium: Medium = IMAGES
) -> None:
    """
    Check that the labels can be trained.

    :param left_out: frames that were left out and why, a sentence each, for the error
    :raises UnusableFramesError: if there are fewer than two labels, one has fewer than two frames,
        or one is reserved for unknown objects
    """
    reason = _fault(Counter(frame.label for frame in frames), medium.words)
    if reason:
        raise UnusableFramesError(reason, left_out)


def _fault(counts: Mapping[str, int], words: Words) -> str:
    """Say why labels with so many frames cannot be trained; empty if they can."""
    if UNKNOWN in counts:
        return (
            f"the label '{UNKNOWN}' is reserved for {words.items} that are unlike all training "
            f'{words.items}; rename it'
        )
    if not counts:
        return f'there are no {words.items} to train on; {words.capture} some of each label first'
    if len(counts) == 1:
        (label,) = counts
        return f"all {words.items} have the label '{label}'; at least two labels are needed"
    few = [f"'{label}' ({count})" for label, count in counts.items() if count < MIN_FRAMES]
    if not few:
        return ''
    return (
        f'too few usable {words.items} of {listed(few)}: at least one is needed to train on and '
        f'one to measure with; {RECOMMENDED_FRAMES} or more are recommended'
    )


def find_warnings(
    frames: Sequence[LabelledFrame],
    similarity: NDArray[np.float32],
    quality: NDArray[np.floating],
    medium: Medium = IMAGES,
) -> list[str]:
    """
    Find what will make the result worse than it could be.

    :param similarity: embeddings that show how similar pictures are, float32, ``(N, E)``
    :param quality: sharpness or loudness of each frame, see :class:`Medium`, ``(N,)``
    :returns: one sentence for each problem
    """
    return [
        *_few_or_uneven(frames, medium.words),
        *_alike_labels(frames),
        *_without_background(frames, medium),
        *_of_poor_quality(frames, quality, medium),
        *_similar_labels(frames, similarity, medium),
    ]


def _few_or_uneven(frames: Sequence[LabelledFrame], words: Words) -> Iterator[str]:
    counts = Counter(frame.label for frame in frames)
    for label, count in counts.items():
        if count < RECOMMENDED_FRAMES:
            few = words.count(count)
            yield f"'{label}' has {few}; {RECOMMENDED_FRAMES} or more are recommended"
    (most, largest), *_, (fewest, smallest) = counts.most_common()
    if largest > MAX_IMBALANCE * smallest:
        yield (
            f"'{most}' has {largest} {words.items} and '{fewest}' {smallest}; the label with few "
            f'{words.items} will be less accurate'
        )


def _alike_labels(frames: Sequence[LabelledFrame]) -> Iterator[str]:
    alike = {UNKNOWN: {UNKNOWN}}
    for label in {frame.label for frame in frames}:
        alike.setdefault(folded_name(label), set()).add(label)
    for labels in alike.values():
        if len(labels) > 1:
            names = ' and '.join(repr(label) for label in sorted(labels))
            yield f'the labels {names} differ only in capitals or in what cannot be seen'


def _without_background(frames: Sequence[LabelledFrame], medium: Medium) -> Iterator[str]:
    if medium is SOUNDS and all(folded_name(frame.label) != BACKGROUND for frame in frames):
        yield (
            f"without the label '{BACKGROUND}', everything that is heard gets one of the others; "
            'record the room, and speech that means nothing, under it'
        )


def _of_poor_quality(
    frames: Sequence[LabelledFrame], quality: NDArray[np.floating], medium: Medium
) -> Iterator[str]:
    counts = Counter(frame.label for frame in frames)
    poor = Counter(
        (frame.label, fault)
        for frame, value in zip(frames, quality, strict=True)
        if (fault := medium.fault(float(value), frame.label))
    )
    for (label, fault), count in poor.items():
        yield f"{count} of {medium.words.count(counts[label])} of '{label}' are {fault}"


def _similar_labels(
    frames: Sequence[LabelledFrame], similarity: NDArray[np.float32], medium: Medium
) -> Iterator[str]:
    words = medium.words
    counts = dict(sorted(Counter(frame.label for frame in frames).items()))
    labels, sizes = list(counts), list(counts.values())
    order = sorted(range(len(frames)), key=lambda at: frames[at].label)
    unit = unit_length(similarity, np.array(order, np.int64))
    files = [frames[at].file for at in order]
    end = 0
    for index, label in enumerate(labels[:-1]):
        begin, end = end, end + sizes[index]
        # Each label is compared with those after it.
        groups, least = sizes[index + 1 :], medium.similarity.near_duplicate
        similar, similar_others = similar_to_groups(unit[begin:end], unit[end:], groups, least)
        for group in np.flatnonzero(similar.any(axis=0)):
            first = end + sum(sizes[index + 1 : index + 1 + group])
            others = similar_others[first - end : first - end + sizes[index + 1 + group]]
            alike = [
                *(files[begin + at] for at in np.flatnonzero(similar[:, group])),
                *(files[first + at] for at in np.flatnonzero(others)),
            ]
            yield (
                f"{words.count(len(alike))} of '{label}' and '{labels[index + 1 + group]}' "
                f'{words.alike} almost the same, for example {" and ".join(sorted(alike)[:2])}'
            )
