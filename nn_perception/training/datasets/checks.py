"""
Checks of a dataset before time is spent on training.

Frames that cannot be used are left out. What makes training impossible is an error; what makes
its result worse is a warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nn_perception.capabilities.tagging.out_of_distribution import unit_length, UNKNOWN
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.training.datasets.embeddings import EmbeddingCache, load_features
from nn_perception.training.datasets.labelled_frames import LabelledFrame
from nn_perception.training.datasets.split import NEAR_DUPLICATE
import numpy as np
from numpy.typing import NDArray

MIN_FRAMES = 2
RECOMMENDED_FRAMES = 10
MAX_IMBALANCE = 5
# Photographs that are blurred by a fortieth of their width have 1 to 12, sharp ones 20 to 3000.
MIN_SHARPNESS = 8.0


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
    :raises ValueError: if the frames cannot be trained on
    :raises RuntimeError: if the network cannot be run
    """
    base = base.for_fine_tuning()
    usable, warnings = without_contradictions(frames)
    check_labels(usable)  # before anything is computed
    features, problems = load_features(usable, base, cache, on_progress)
    usable = [frame for frame in usable if frame.sha256 in features]
    check_labels(usable)
    embeddings = np.stack([features[frame.sha256].embedding for frame in usable])
    similarity = base.last_layer_embedding(embeddings)
    sharpness = np.array([features[frame.sha256].sharpness for frame in usable])
    warnings += [*problems, *find_warnings(usable, similarity, sharpness)]
    labels = tuple(sorted({frame.label for frame in usable}))
    classes = np.array([labels.index(frame.label) for frame in usable], np.int64)
    return CheckedFrames(base, usable, labels, classes, embeddings, similarity, warnings)


def without_contradictions(
    frames: Sequence[LabelledFrame],
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
        f'{_count(count)} with the labels {pair} at once: left out; delete the wrong ones'
        for pair, count in sorted(pairs.items())
    ]
    return [frame for frame in frames if len(labels[frame.sha256]) == 1], sentences


def check_labels(frames: Sequence[LabelledFrame]) -> None:
    """
    Check that the labels can be trained.

    :raises ValueError: if there are fewer than two labels, one has fewer than two frames, or one
        is reserved for unknown objects
    """
    counts = Counter(frame.label for frame in frames)
    if UNKNOWN in counts:
        raise ValueError(
            f"the label '{UNKNOWN}' is reserved for frames that are unlike all training frames; "
            'rename it'
        )
    if not counts:
        raise ValueError('there are no frames to train on; capture some of each label first')
    if len(counts) == 1:
        (label,) = counts
        raise ValueError(f"all frames have the label '{label}'; at least two labels are needed")
    few = [f"'{label}' ({count})" for label, count in counts.items() if count < MIN_FRAMES]
    if few:
        raise ValueError(
            f'too few usable frames of {", ".join(few)}: at least one is needed to train on and '
            f'one to measure with; {RECOMMENDED_FRAMES} or more are recommended'
        )


def find_warnings(
    frames: Sequence[LabelledFrame],
    similarity: NDArray[np.float32],
    sharpness: NDArray[np.floating],
) -> list[str]:
    """
    Find what will make the result worse than it could be.

    :param similarity: embeddings that show how similar pictures are, float32, ``(N, E)``
    :param sharpness: see :func:`nn_perception.training.datasets.embeddings.sharpness`, ``(N,)``
    :returns: one sentence for each problem
    """
    return [
        *_few_or_uneven(frames),
        *_blurred(frames, sharpness),
        *_similar_labels(frames, similarity),
    ]


def _few_or_uneven(frames: Sequence[LabelledFrame]) -> Iterator[str]:
    counts = Counter(frame.label for frame in frames)
    for label, count in counts.items():
        if count < RECOMMENDED_FRAMES:
            yield f"'{label}' has {_count(count)}; {RECOMMENDED_FRAMES} or more are recommended"
    (most, largest), *_, (fewest, smallest) = counts.most_common()
    if largest > MAX_IMBALANCE * smallest:
        yield (
            f"'{most}' has {largest} frames and '{fewest}' {smallest}; the label with few frames "
            'will be less accurate'
        )


def _blurred(frames: Sequence[LabelledFrame], sharpness: NDArray[np.floating]) -> Iterator[str]:
    counts = Counter(frame.label for frame in frames)
    blurred = Counter(
        frame.label
        for frame, value in zip(frames, sharpness, strict=True)
        if value < MIN_SHARPNESS
    )
    for label, count in blurred.items():
        yield f"{count} of {_count(counts[label])} of '{label}' are blurred or without contrast"


def _similar_labels(
    frames: Sequence[LabelledFrame], similarity: NDArray[np.float32]
) -> Iterator[str]:
    unit = unit_length(similarity)
    near_duplicates = np.triu(unit @ unit.T >= NEAR_DUPLICATE, 1)
    pairs: dict[tuple[str, str], set[str]] = {}
    for first, second in np.argwhere(near_duplicates):
        one, other = sorted((frames[first], frames[second]), key=lambda frame: frame.label)
        if one.label != other.label:
            pairs.setdefault((one.label, other.label), set()).update((one.file, other.file))
    for (label, other_label), files in sorted(pairs.items()):
        yield (
            f"{_count(len(files))} of '{label}' and '{other_label}' look almost the same, for "
            f'example {" and ".join(sorted(files)[:2])}'
        )


def _count(count: int) -> str:
    return '1 frame' if count == 1 else f'{count} frames'
