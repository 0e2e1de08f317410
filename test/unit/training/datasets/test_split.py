"""Frames that look alike stay on one side; the seed decides which side."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
import itertools
from pathlib import Path

from nn_perception.training.datasets.labelled_frames import LabelledFrame, read_frames
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.datasets.split import assign_folds, find_bursts, split_frames
import numpy as np
import pytest

SECOND_NS = 1_000_000_000


def frame(label, number, stamp_s=0.0):
    name = f'{label}{number}'
    return LabelledFrame(
        Path(label, name), label, int(stamp_s * SECOND_NS), '', name.encode().hex().zfill(64)
    )


def different(count):
    """Embeddings at right angles to each other."""
    return np.eye(count, dtype=np.float32)


def at_cosine(cosine):
    return np.array([[1.0, 0.0], [cosine, (1.0 - cosine**2) ** 0.5]], np.float32)


@pytest.mark.parametrize(
    ('cosine', 'gap_s', 'together'),
    [
        (0.95, 0.0, True),  # times unknown, but nearly the same picture
        (0.95, 3600.0, True),
        (0.8, 0.5, True),  # one recording
        (0.8, 5.0, False),
        (0.5, 0.5, False),  # another thing was put there
        (0.8, 0.0, False),
    ],
)
def test_bursts(cosine, gap_s, together):
    start_s = 100.0 if gap_s else 0.0
    frames = [frame('a', 0, start_s), frame('a', 1, start_s + gap_s)]
    first, second = find_bursts(frames, at_cosine(cosine))
    assert bool(first == second) is together


def test_other_labels_are_other_bursts():
    first, second = find_bursts([frame('a', 0), frame('b', 0)], at_cosine(1.0))
    assert first != second


def bursts_by_pairs(frames, cosines):
    """Join the bursts of one pair after the other: slow, but plain."""
    bursts = list(range(len(frames)))

    def join(first, second):
        old = bursts[second]
        bursts[:] = [bursts[first] if burst == old else burst for burst in bursts]

    for first, second in np.argwhere(np.triu(cosines >= 0.9, 1)):
        if frames[first].label == frames[second].label:
            join(first, second)
    for label in sorted({one.label for one in frames}):
        indices = [at for at, one in enumerate(frames) if one.label == label]
        indices.sort(key=lambda at: frames[at].stamp_ns)
        for before, after in itertools.pairwise(indices):
            gap_ns = frames[after].stamp_ns - frames[before].stamp_ns
            close = frames[before].stamp_ns > 0 and gap_ns <= 2 * SECOND_NS
            if close and cosines[before, after] >= 0.7:
                join(before, after)
    return bursts


@pytest.mark.parametrize('seed', range(5))
def test_bursts_have_the_numbers_that_single_pairs_give(seed):
    # The numbers decide between folds of the same size.
    random = np.random.default_rng(seed)
    embeddings = random.normal(size=(60, 3)).astype(np.float32)
    frames = [frame('ab'[n % 2], n, random.uniform(0, 40)) for n in range(60)]
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    bursts = find_bursts(frames, embeddings)
    assert list(bursts) == bursts_by_pairs(frames, unit @ unit.T)
    assert 2 < len(set(bursts)) < 50


def test_a_split_is_stratified_and_keeps_bursts_together():
    frames = [frame(label, n) for label in 'ab' for n in range(20)]
    bursts = np.arange(40) // 2
    parts = split_frames(frames, bursts, 0.2, seed=0)
    assert len(parts.held_out) == 8
    assert sorted([*parts.training, *parts.held_out]) == list(range(40))
    assert sum(frames[index].label == 'a' for index in parts.held_out) == 4
    assert not set(bursts[parts.training]) & set(bursts[parts.held_out])
    assert parts.cut == ()


def test_the_seed_decides_and_the_order_of_files_does_not():
    frames = [frame('a', n) for n in range(50)]
    bursts = np.arange(50)

    def names(order, seed):
        shuffled = [frames[index] for index in order]
        parts = split_frames(shuffled, bursts, 0.2, seed)
        return {shuffled[index].path.name for index in parts.held_out}

    backwards = range(49, -1, -1)
    assert names(range(50), 0) == names(backwards, 0)
    assert names(range(50), 0) != names(range(50), 1)


def test_more_frames_leave_most_where_they_were():
    frames = [frame('a', n) for n in range(60)]
    before, after = (
        {
            frames[index].path.name
            for index in split_frames(frames[:n], np.arange(n), 0.2, 0).held_out
        }
        for n in (50, 60)
    )
    assert len(before & after) >= 7


def test_a_single_recording_is_cut_at_its_end():
    frames = [frame('a', n, 100.0 + n) for n in range(10)]
    parts = split_frames(frames, np.zeros(10, np.int64), 0.2, 0)
    assert parts.cut == ('a',)
    assert list(parts.held_out) == [8, 9]


@pytest.mark.parametrize('count', [2, 3])
def test_something_is_left_on_either_side(count):
    parts = split_frames([frame('a', n) for n in range(count)], np.arange(count), 0.2, 0)
    assert len(parts.held_out) == 1
    assert len(parts.training) == count - 1


def test_folds_keep_bursts_together_and_are_of_similar_size():
    bursts = np.repeat(np.arange(12), 3)
    folds = assign_folds(bursts, np.repeat([0, 1], 18), 3)
    assert all(len(set(folds[bursts == burst])) == 1 for burst in range(12))
    assert list(np.bincount(folds)) == [12, 12, 12]


def test_the_clips_of_a_speaker_stay_together_whatever_their_labels(test_data: Path) -> None:
    frames = read_frames(test_data / 'sounds').frames
    assert len({one.recording for one in frames if one.label != 'background'}) == 88
    bursts = find_bursts(frames, np.eye(len(frames), dtype=np.float32), SOUNDS)
    for seed in range(3):
        parts = split_frames(frames, bursts, 0.2, seed)
        sides = [
            {frames[at].recording for at in side} - {''}
            for side in (parts.training, parts.held_out)
        ]
        assert not sides[0] & sides[1]
        assert parts.cut == ()
        held_out = Counter(frames[at].label for at in parts.held_out)
        assert all(4 <= count <= 8 for count in held_out.values()), held_out


def test_folds_keep_a_speaker_together() -> None:
    bursts = np.array([0, 0, 1, 2, 0, 3, 3, 4])
    classes = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    folds = assign_folds(bursts, classes, 3)
    assert len({(burst, fold) for burst, fold in zip(bursts, folds, strict=True)}) == 5


def test_a_recording_keeps_its_side_when_a_clip_is_added() -> None:
    clips = [replace(frame('a', n), recording=f'r{n // 2}') for n in range(40)]
    sides = []
    for number in (39, 40):
        some = clips[:number]
        parts = split_frames(some, find_bursts(some, different(number), SOUNDS), 0.2, 0)
        sides.append({some[at].recording for at in parts.held_out})
    assert sides[0] == sides[1]


def test_clips_that_follow_each_other_are_one_burst_however_they_sound() -> None:
    clips = [frame('a', 0, 100.0), frame('a', 1, 101.0), frame('a', 2, 200.0)]
    assert find_bursts(clips, -different(3), SOUNDS).tolist() == [0, 0, 2]


def test_the_sentence_about_one_recording_of_sounds() -> None:
    clips = [replace(frame('a', n, 100.0 + n), recording='one') for n in range(10)]
    parts = split_frames(clips, find_bursts(clips, different(10), SOUNDS), 0.2, seed=0)
    (sentence,) = parts.warnings(SOUNDS.words)
    assert sentence.startswith("all clips of 'a' sound like one recording")
