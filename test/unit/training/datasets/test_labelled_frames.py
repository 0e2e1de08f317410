"""Labelled frames, as a reader finds them."""

import cv2
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import distinct_label, read_frames
import numpy as np
import pytest


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)


@pytest.fixture
def three(tmp_path):
    """A dataset with two mugs and a cup, which no process has open."""
    with Dataset.open(tmp_path, 'kitchen') as dataset:
        for seed, label in enumerate(('mug', 'cup', 'mug')):
            dataset.add(picture(seed), label, 100 + seed, '/camera')
    return dataset.folder


def test_a_folder_of_pictures_is_a_dataset_without_stamps(tmp_path):
    for name in ('cup/b.jpg', 'cup/A.PNG', 'mug/c.png', 'mug/notes.txt', '.hidden/d.png'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cv2.imencode('.png', picture(len(name)))[1])
    before = sorted(tmp_path.rglob('*'))
    listing = read_frames(tmp_path)
    assert [(s.label, s.path.name, s.stamp_ns) for s in listing.frames] == [
        ('cup', 'A.PNG', 0), ('cup', 'b.jpg', 0), ('mug', 'c.png', 0)
    ]  # fmt: skip
    assert listing.problems == ()
    hidden, other = listing.notes
    assert hidden == '.hidden/ is left out: hidden folders are not read'
    assert other.startswith('mug/notes.txt is left out: the names of pictures end in .bmp, ')
    assert sorted(tmp_path.rglob('*')) == before  # reading changes nothing


def test_a_folder_that_is_not_a_label_is_left_out_with_a_sentence(three):
    (three / 'what?').mkdir()
    (three / 'what?' / 'a.png').write_bytes(b'')
    listing = read_frames(three)
    (problem,) = listing.problems
    assert problem.startswith(
        "the folder what? (1 picture) is left out: 'what?' cannot be the name"
    )
    assert "'?' is not allowed" in problem


def test_the_files_of_a_dataset_are_not_left_out(three):
    assert read_frames(three).left_out == ()


def test_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match='nothing cannot be read: No such file'):
        read_frames(tmp_path / 'nothing')


def test_the_hash_depends_on_frames_and_labels(three):
    before = read_frames(three).sha256
    assert read_frames(three).sha256 == before
    (three / 'mug' / '102_2.png').rename(three / 'cup' / '102_2.png')
    assert read_frames(three).sha256 != before


@pytest.mark.parametrize(
    ('text', 'existing', 'expected'),
    [
        ('mug', [], 'mug'),
        ('mug', ['mug', 'Mug'], 'mug'),
        ('cafe\u0301', ['caf\u00e9'], 'caf\u00e9'),
    ],
)
def test_labels_that_are_distinct(text, existing, expected):
    assert distinct_label(text, existing) == expected


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('mug', 'mug differs from Mug only in capitals'),
        ('Tea  cup', "'Tea  cup' differs from 'Tea cup' only in what cannot be seen"),
        ('Tea cup.', "'Tea cup.' differs from 'Tea cup' only in what cannot be seen"),
        ('unknown', 'unknown is reserved for frames that are unlike'),
        ('Unknown', 'unknown is reserved for frames that are unlike'),
        ('manifest.jsonl', 'a file of the dataset has that name'),
        ('use_dataset.py', 'a file of the dataset has that name'),
        ('CON', 'Windows keeps that name'),
        ('-rf', 'commands would take it for an option'),
        ('a/b', 'cannot be the name of a label'),
    ],
)
def test_labels_that_new_frames_cannot_get(text, reason):
    with pytest.raises(ValueError, match=reason):
        distinct_label(text, ['cup', 'Mug', 'Tea cup'])


def test_existing_labels_stay_usable():
    assert distinct_label('-rf', ['-rf']) == '-rf'
    assert distinct_label('mug', ['Mug', 'mug']) == 'mug'
