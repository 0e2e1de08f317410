"""
What is wrong with labelled frames, said before time is spent on learning from them.

Frames that cannot be used are left out; what makes learning impossible is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from nn_perception.capabilities.tagging.out_of_distribution import unit_length, UNKNOWN
from nn_perception.training.datasets.embeddings import FrameFeatures
from nn_perception.training.datasets.labelled_frames import Sample
from nn_perception.training.datasets.split import NEAR_DUPLICATE
import numpy as np

LEAST_FRAMES = 2
ENOUGH_FRAMES = 10
LARGEST_IMBALANCE = 5
# Blurred by a fortieth of their width, photographs come to 1 to 12; sharp ones have 20 to 3000.
LEAST_SHARPNESS = 8.0


def without_contradictions(samples: Sequence[Sample]) -> tuple[list[Sample], list[str]]:
    """
    Leave out frames that have two labels at once, and repetitions of the same one.

    :returns: the others, and a sentence for each pair of labels that share frames
    """
    labels: dict[str, set[str]] = {}
    for sample in samples:
        labels.setdefault(sample.sha256, set()).add(sample.label)
    pairs = Counter(
        ' and '.join(f"'{label}'" for label in sorted(found))
        for found in labels.values()
        if len(found) > 1
    )
    sentences = [
        f'{_frames(count)} with the labels {pair} at once: left out; delete the wrong ones'
        for pair, count in sorted(pairs.items())
    ]
    return [sample for sample in samples if len(labels[sample.sha256]) == 1], sentences


def check_labels(samples: Sequence[Sample]) -> None:
    """
    Refuse what nothing can be learned from.

    :raises ValueError: if there are fewer than two labels, one has fewer than two frames, or one
        has the name of what is no taught thing
    """
    counts = Counter(sample.label for sample in samples)
    if UNKNOWN in counts:
        raise ValueError(
            f"'{UNKNOWN}' is what frames are called that are unlike all taught ones; give the "
            'label another name'
        )
    if not counts:
        raise ValueError('there are no frames to learn from; capture some of each thing first')
    if len(counts) == 1:
        (label,) = counts
        raise ValueError(
            f"all frames have the label '{label}'; at least two labels are needed to tell apart"
        )
    few = [f"'{label}' ({count})" for label, count in counts.items() if count < LEAST_FRAMES]
    if few:
        raise ValueError(
            f'too few usable frames of {", ".join(few)}: one is learned from and one measured '
            f'with at least; {ENOUGH_FRAMES} or more make it good'
        )


def warnings_of(samples: Sequence[Sample], features: Mapping[str, FrameFeatures]) -> list[str]:
    """
    Say what will make the result worse than it could be.

    :param features: by the hash of the samples
    :returns: a sentence each
    """
    return [
        *_counts(samples),
        *_blurred(samples, features),
        *_look_alike(samples, features),
    ]


def _counts(samples: Sequence[Sample]) -> Iterator[str]:
    counts = Counter(sample.label for sample in samples)
    for label, count in counts.items():
        if count < ENOUGH_FRAMES:
            yield f"'{label}' has {_frames(count)}; {ENOUGH_FRAMES} or more make it good"
    (most, largest), *_, (least, smallest) = counts.most_common()
    if largest > LARGEST_IMBALANCE * smallest:
        yield (
            f"'{most}' has {largest} frames and '{least}' {smallest}; the rarer one will be "
            'known less well'
        )


def _blurred(samples: Sequence[Sample], features: Mapping[str, FrameFeatures]) -> Iterator[str]:
    counts = Counter(sample.label for sample in samples)
    blurred = Counter(
        sample.label for sample in samples if features[sample.sha256].sharpness < LEAST_SHARPNESS
    )
    for label, count in blurred.items():
        yield f"{count} of {_frames(counts[label])} of '{label}' blurred or without any contrast"


def _look_alike(samples: Sequence[Sample], features: Mapping[str, FrameFeatures]) -> Iterator[str]:
    unit = unit_length(np.stack([features[sample.sha256].embedding for sample in samples]))
    alike = np.triu(unit @ unit.T >= NEAR_DUPLICATE, 1)
    pairs: dict[tuple[str, str], set[str]] = {}
    for first, second in np.argwhere(alike):
        one, other = sorted((samples[first], samples[second]), key=lambda sample: sample.label)
        if one.label != other.label:
            pairs.setdefault((one.label, other.label), set()).update((one.file, other.file))
    for (label, other_label), files in sorted(pairs.items()):
        yield (
            f"{_frames(len(files))} of '{label}' and '{other_label}' look almost the same, as "
            f'{" and ".join(sorted(files)[:2])}'
        )


def _frames(count: int) -> str:
    return '1 frame' if count == 1 else f'{count} frames'
