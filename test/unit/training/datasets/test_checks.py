"""Each thing that is wrong with frames gets its sentence."""

from __future__ import annotations

from pathlib import Path

from nn_perception.training.datasets.checks import (
    check_labels,
    warnings_of,
    without_contradictions,
)
from nn_perception.training.datasets.embeddings import FrameFeatures
from nn_perception.training.datasets.labelled_frames import Sample
import numpy as np
import pytest


def samples_of(**counts):
    return [
        Sample(Path(label, f'{n}.png'), label, 0, '', f'{label}{n}')
        for label, count in counts.items()
        for n in range(count)
    ]


def features_of(samples, *, sharpness=100.0):
    """Give each frame an embedding at right angles to all others."""
    axes = np.eye(len(samples), dtype=np.float32)
    return {s.sha256: FrameFeatures(axes[i], sharpness) for i, s in enumerate(samples)}


@pytest.mark.parametrize(
    ('counts', 'reason'),
    [
        ({}, 'there are no frames'),
        ({'mug': 9}, "all frames have the label 'mug'"),
        ({'mug': 9, 'cup': 1}, r"too few usable frames of 'cup' \(1\)"),
        ({'mug': 9, 'unknown': 9}, "'unknown' is what frames are called"),
    ],
)
def test_what_cannot_be_learned_is_refused(counts, reason):
    with pytest.raises(ValueError, match=reason):
        check_labels(samples_of(**counts))


def test_good_frames_get_no_warning():
    samples = samples_of(mug=10, cup=12)
    check_labels(samples)
    assert warnings_of(samples, features_of(samples)) == []


@pytest.mark.parametrize(
    ('counts', 'part'),
    [
        ({'mug': 10, 'cup': 3}, "'cup' has 3 frames"),
        ({'mug': 60, 'cup': 10}, "'mug' has 60 frames and 'cup' 10"),
    ],
)
def test_few_and_uneven(counts, part):
    samples = samples_of(**counts)
    (sentence,) = warnings_of(samples, features_of(samples))
    assert part in sentence


def test_blurred():
    samples = samples_of(mug=10, cup=10)
    features = features_of(samples)
    features['mug3'] = FrameFeatures(features['mug3'].embedding, 1.0)
    (sentence,) = warnings_of(samples, features)
    assert sentence.startswith("1 of 10 frames of 'mug' blurred")


def test_almost_the_same_in_two_labels():
    samples = samples_of(mug=10, cup=10)
    features = features_of(samples)
    features['mug3'] = features['cup4']
    (sentence,) = warnings_of(samples, features)
    assert "2 frames of 'cup' and 'mug' look almost the same" in sentence
    assert 'cup/4.png and mug/3.png' in sentence


def test_identical_frames_in_two_labels_are_left_out():
    samples = [*samples_of(mug=3, cup=3), Sample(Path('cup', 'x.png'), 'cup', 0, '', 'mug0')]
    good, (sentence,) = without_contradictions(samples)
    assert len(good) == 5
    assert sentence.startswith("1 frame with the labels 'cup' and 'mug' at once")
