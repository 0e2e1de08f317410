"""The checks of a dataset of sounds, in words about sounds."""

from __future__ import annotations

from pathlib import Path

from nn_perception.training.datasets.checks import (
    check_labels,
    find_warnings,
    UnusableFramesError,
    without_contradictions,
)
from nn_perception.training.datasets.labelled_frames import LabelledFrame, Listing
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.runs.data.frames_data import check_enough
import numpy as np
import pytest


def clips_of(**counts: int) -> list[LabelledFrame]:
    return [
        LabelledFrame(Path(label, f'{n}.wav'), label, 0, '', f'{label}{n}')
        for label, count in counts.items()
        for n in range(count)
    ]


def warnings_of(clips: list[LabelledFrame], **quality: list[float]) -> list[str]:
    """By default all are loud enough; their embeddings are at right angles."""
    values = np.array(
        [quality.get(clip.label, [-20.0] * 100)[int(clip.path.stem)] for clip in clips]
    )
    return find_warnings(clips, np.eye(len(clips), dtype=np.float32), values, SOUNDS)


def test_a_background_is_asked_for() -> None:
    (sentence,) = warnings_of(clips_of(stop=10, go=10))
    assert sentence.startswith(
        "without the label 'background', everything that is heard gets one of the others;"
    )
    assert warnings_of(clips_of(stop=10, background=10)) == []


def test_clips_that_nothing_can_be_learnt_from() -> None:
    clips = clips_of(stop=10, background=10)
    stop = [-120.0, -120.0, -60.0, 7.0, *[-20.0] * 6]
    background = [-120.0, -60.0, *[-90.0] * 8]
    assert [
        text.split(':')[0].split(';')[0]
        for text in warnings_of(clips, stop=stop, background=background)
    ] == [
        "2 of 10 clips of 'stop' are nothing but zeros",
        "1 of 10 clips of 'stop' are almost silent",
        "1 of 10 clips of 'stop' are overdriven",
        "1 of 10 clips of 'background' are nothing but zeros",
    ]


def test_clips_that_sound_the_same() -> None:
    clips = clips_of(stop=10, background=10)
    embeddings = np.eye(20, dtype=np.float32)
    embeddings[10] = embeddings[0]
    (sentence,) = find_warnings(clips, embeddings, np.full(20, -20.0), SOUNDS)
    assert sentence == (
        "2 clips of 'background' and 'stop' sound almost the same, for example background/0.wav "
        'and stop/0.wav'
    )


def test_few_and_contradicting_clips() -> None:
    found = warnings_of(clips_of(stop=60, background=3))
    assert found == [
        "'background' has 3 clips; 10 or more are recommended",
        "'stop' has 60 clips and 'background' 3; the label with few clips will be less accurate",
    ]
    with pytest.raises(UnusableFramesError, match='there are no clips to train on; record some'):
        check_labels([], medium=SOUNDS)
    with pytest.raises(UnusableFramesError, match="all clips have the label 'stop'"):
        check_labels(clips_of(stop=3), medium=SOUNDS)
    with pytest.raises(UnusableFramesError, match='reserved for clips that are unlike all'):
        check_labels(clips_of(unknown=3), medium=SOUNDS)
    twice = [LabelledFrame(Path(one, 'a.wav'), one, 0, '', 'same') for one in ('go', 'stop')]
    usable, (sentence,) = without_contradictions(twice, SOUNDS)
    assert (usable, sentence[:37]) == ([], "1 clip with the labels 'go' and 'stop'"[:37])


def test_a_run_does_not_learn_from_sounds() -> None:
    listing = Listing(tuple(clips_of(stop=20, go=20)), (), complete=True, medium=SOUNDS)
    with pytest.raises(ValueError, match='a run learns from pictures; these are sounds'):
        check_enough(listing)
