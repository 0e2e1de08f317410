"""Listing, renaming and deleting datasets, and what is never touched."""

from nn_perception.training.datasets.catalog import (
    dataset_folder,
    dataset_names,
    delete_dataset,
    rename_dataset,
)
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import read_frames
import numpy as np
import pytest


@pytest.fixture
def root(tmp_path):
    """Two datasets, a folder of somebody else, and a file."""
    for name in ('kitchen', 'office'):
        with Dataset.open(tmp_path, name) as dataset:
            for seed in range(2):
                image = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
                dataset.add(image, 'mug', seed, '/camera')
    (tmp_path / 'photos' / 'summer').mkdir(parents=True)
    (tmp_path / 'photos' / 'summer' / 'beach.png').write_bytes(b'png')
    (tmp_path / 'notes.txt').write_text('x')
    (tmp_path / '.hidden').mkdir()
    return tmp_path


def everything(folder):
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in folder.rglob('*')
        if path.name not in ('.lock', '.writer')
    }


def test_names(root):
    assert dataset_names(root) == ['kitchen', 'office', 'photos']
    assert dataset_names(root / 'none') == []
    assert dataset_folder(root, 'office') == root / 'office'


@pytest.mark.parametrize('name', ['Kitchen', 'kit', 'none', '.hidden', '../kitchen', '', 'a/b'])
def test_only_exact_names_are_accepted(root, name):
    before = everything(root)
    for action in (
        lambda: dataset_folder(root, name),
        lambda: delete_dataset(root, name),
        lambda: rename_dataset(root, name, 'other'),
    ):
        with pytest.raises(ValueError, match=r'has no dataset|cannot be the name of a dataset'):
            action()
    assert everything(root) == before


def test_rename(root):
    frames = read_frames(root / 'kitchen').sha256
    assert rename_dataset(root, 'kitchen', 'Küche') == root / 'Küche'
    assert dataset_names(root) == ['Küche', 'office', 'photos']
    assert read_frames(root / 'Küche').sha256 == frames
    rename_dataset(root, 'Küche', 'küche')  # in capitals only


@pytest.mark.parametrize(
    ('new_name', 'reason'),
    [
        ('office', 'office already exists'),
        ('kitchen', 'kitchen already exists'),
        ('../kitchen', 'cannot be the name of a dataset'),
    ],
)
def test_new_names_that_are_rejected(root, new_name, reason):
    before = everything(root)
    with pytest.raises(ValueError, match=reason):
        rename_dataset(root, 'kitchen', new_name)
    assert everything(root) == before


def test_delete(root):
    assert delete_dataset(root, 'kitchen') == (2, [])
    assert dataset_names(root) == ['office', 'photos']
    assert not (root / 'kitchen').exists()


def test_other_files_are_not_deleted(root):
    kept = [root / 'kitchen' / 'mug' / 'notes.txt', root / 'kitchen' / 'README']
    for path in kept:
        path.write_text('mine')
    count, left = delete_dataset(root, 'kitchen')
    assert (count, left) == (2, [root / 'kitchen' / 'README', root / 'kitchen' / 'mug'])
    assert [path for path in (root / 'kitchen').rglob('*') if path.is_file()] == kept[::-1]


def test_folders_of_others_are_not_touched(root):
    before = everything(root)
    with pytest.raises(ValueError, match='photos was not written by nn_perception'):
        delete_dataset(root, 'photos')
    with pytest.raises(ValueError, match='photos was not written by nn_perception'):
        rename_dataset(root, 'photos', 'other')
    assert everything(root) == before


def test_an_open_dataset_is_not_touched(root):
    before = everything(root)
    with Dataset.open(root, 'kitchen'):
        with pytest.raises(BlockingIOError, match='open for writing'):
            delete_dataset(root, 'kitchen')
        with pytest.raises(BlockingIOError, match='open for writing'):
            rename_dataset(root, 'kitchen', 'other')
    assert everything(root) == before


def test_killed_at_each_step_of_deleting(tmp_path, killed_everywhere):
    def prepare(operations):
        root = tmp_path / str(operations)
        with Dataset.open(root, 'kitchen') as dataset:
            for label in ('mug', 'cup'):
                dataset.add(np.zeros((4, 4, 3), np.uint8), label, 1)
        return root

    for root, killed in killed_everywhere(prepare, lambda root: delete_dataset(root, 'kitchen')):
        assert killed or dataset_names(root) == []
        if dataset_names(root):
            # What is left is a dataset, and can be deleted.
            delete_dataset(root, 'kitchen')
        assert list(root.iterdir()) == []
