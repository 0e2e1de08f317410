"""Each problem of a dataset gets its sentence."""

from __future__ import annotations

from pathlib import Path

import cv2
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.datasets.checks import (
    check_frames,
    check_labels,
    find_warnings,
    UnusableFramesError,
    without_contradictions,
)
from nn_perception.training.datasets.embeddings import EmbeddingCache
from nn_perception.training.datasets.labelled_frames import LabelledFrame, read_frames
import numpy as np
import pytest


def frames_of(**counts):
    return [
        LabelledFrame(Path(label, f'{n}.png'), label, 0, '', f'{label}{n}')
        for label, count in counts.items()
        for n in range(count)
    ]


def warnings_of(frames, *, embeddings=None, sharpness=None):
    """By default all frames are sharp, and their embeddings are at right angles."""
    if embeddings is None:
        embeddings = np.eye(len(frames), dtype=np.float32)
    if sharpness is None:
        sharpness = np.full(len(frames), 100.0)
    return find_warnings(frames, embeddings, sharpness)


@pytest.mark.parametrize(
    ('counts', 'reason'),
    [
        ({}, 'there are no frames'),
        ({'mug': 9}, "all frames have the label 'mug'"),
        ({'mug': 9, 'cup': 1}, r"too few usable frames of 'cup' \(1\)"),
        ({'mug': 9, 'unknown': 9}, "the label 'unknown' is reserved"),
    ],
)
def test_labels_that_cannot_be_trained_are_rejected(counts, reason):
    with pytest.raises(ValueError, match=reason):
        check_labels(frames_of(**counts))


def test_what_was_left_out_belongs_to_the_error():
    with pytest.raises(UnusableFramesError) as caught:
        check_labels(frames_of(mug=9), ['cup/1.heic is left out: HEIC'])
    assert caught.value.reason == "all frames have the label 'mug'; at least two labels are needed"
    assert caught.value.left_out == ('cup/1.heic is left out: HEIC',)
    assert str(caught.value).endswith('two labels are needed. cup/1.heic is left out: HEIC.')


def test_pictures_that_are_all_broken_are_named_by_the_error(tmp_path):
    for name in ('mug/0.png', 'mug/1.png', 'cup/0.png', 'cup/1.png'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        image = np.random.default_rng(len(name)).integers(0, 256, (40, 40, 3), np.uint8)
        cv2.imwrite(str(tmp_path / name), image + np.uint8(name.endswith('1.png')))
        if name.startswith('cup'):
            (tmp_path / name).write_bytes(name.encode())
    frames, base = read_frames(tmp_path).frames, find_checkpoint('digit_cnn')
    with pytest.raises(UnusableFramesError, match="all frames have the label 'mug'") as caught:
        check_frames(frames, base, EmbeddingCache.of('x', tmp_path))
    (sentence,) = caught.value.left_out
    assert sentence.startswith(f'{tmp_path}/cup/0.png is not an image')
    assert sentence.endswith(f'; the same goes for {tmp_path}/cup/1.png')


@pytest.mark.parametrize(
    ('labels', 'expected'),
    [
        (('Mug', 'mug'), "the labels 'Mug' and 'mug' differ only in capitals"),
        (('mug', 'mug.'), "the labels 'mug' and 'mug.' differ only in"),
        (('mug', 'Unknown'), "the labels 'Unknown' and 'unknown' differ only in capitals"),
    ],
)
def test_labels_that_look_alike(labels, expected):
    (sentence,) = warnings_of(frames_of(**dict.fromkeys(labels, 10)))
    assert sentence.startswith(expected)


def test_good_frames_get_no_warning():
    frames = frames_of(mug=10, cup=12)
    check_labels(frames)
    assert warnings_of(frames) == []


@pytest.mark.parametrize(
    ('counts', 'part'),
    [
        ({'mug': 10, 'cup': 3}, "'cup' has 3 frames; 10 or more are recommended"),
        ({'mug': 60, 'cup': 10}, "'mug' has 60 frames and 'cup' 10"),
    ],
)
def test_few_and_uneven(counts, part):
    (sentence,) = warnings_of(frames_of(**counts))
    assert part in sentence


def test_blurred():
    sharpness = np.full(20, 100.0)
    sharpness[3] = 1.0
    (sentence,) = warnings_of(frames_of(mug=10, cup=10), sharpness=sharpness)
    assert sentence.startswith("1 of 10 frames of 'mug' are blurred")


def test_near_duplicates_across_labels():
    embeddings = np.eye(20, dtype=np.float32)
    embeddings[3] = embeddings[14]
    (sentence,) = warnings_of(frames_of(mug=10, cup=10), embeddings=embeddings)
    assert "2 frames of 'cup' and 'mug' look almost the same" in sentence
    assert 'cup/4.png and mug/3.png' in sentence


def test_near_duplicates_of_three_labels():
    embeddings = np.eye(40, dtype=np.float32)
    embeddings[12:14] = embeddings[2]  # two jugs look like a mug
    embeddings[29] = embeddings[2]  # and a cup
    embeddings[35] = embeddings[15]
    random = np.random.default_rng(0)
    frames = frames_of(mug=10, jug=10, cup=10, pot=10)
    order = random.permutation(40)
    sentences = warnings_of([frames[at] for at in order], embeddings=embeddings[order])
    assert [sentence.split(' look almost')[0] for sentence in sentences] == [
        "3 frames of 'cup' and 'jug'",
        "2 frames of 'cup' and 'mug'",
        "3 frames of 'jug' and 'mug'",
        "2 frames of 'jug' and 'pot'",
    ]
    assert 'for example cup/9.png and jug/2.png' in sentences[0]


def test_identical_frames_in_two_labels_are_left_out():
    frames = [
        *frames_of(mug=3, cup=3),
        LabelledFrame(Path('cup', 'x.png'), 'cup', 0, '', 'mug0'),
    ]
    usable, (sentence,) = without_contradictions(frames)
    assert len(usable) == 5
    assert sentence.startswith("1 frame with the labels 'cup' and 'mug' at once")


def test_all_checks_together(tmp_path):
    random = np.random.default_rng(0)
    for label in ('mug', 'cup'):
        (tmp_path / label).mkdir()
        for number in range(3):
            picture = random.integers(0, 256, (40, 40, 3)).astype(np.uint8)
            cv2.imwrite(str(tmp_path / label / f'{number}.png'), picture)
    both = (tmp_path / 'mug' / '0.png').read_bytes()
    (tmp_path / 'cup' / 'same.png').write_bytes(both)
    frames = read_frames(tmp_path).frames
    (tmp_path / 'cup' / '1.png').write_bytes(b'another')
    base = find_checkpoint('digit_cnn')
    progress = []
    checked = check_frames(frames, base, EmbeddingCache.of('x', tmp_path), progress.append)
    assert [frame.file for frame in checked.frames] == [
        'cup/0.png', 'cup/2.png', 'mug/1.png', 'mug/2.png'
    ]  # fmt: skip
    assert checked.labels == ('cup', 'mug')
    assert list(checked.classes) == [0, 0, 1, 1]
    assert checked.embeddings.shape == (4, 1152)
    assert progress == sorted(progress)
    told = '\n'.join(checked.warnings)
    assert "1 frame with the labels 'cup' and 'mug' at once" in told
    assert 'cup/1.png has changed since it was stored: left out' in told
    assert "'cup' has 2 frames" in told
