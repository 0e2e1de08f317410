"""A label gets another name in the frames and in the active version, without training."""

import os
import shutil

from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception.training.model_store.relabel import rename_label, StoredModel
from nn_perception.training.model_store.store import ModelStore
import numpy as np
import pytest

PREPROCESSING = Preprocessing(8, 0.5, 'cubic', (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
HASH = 'ab' * 32
REPORT = {
    'accuracy': 0.75,
    'labels': ['cup', 'mug', 'pot'],
    'frames': {'cup': 1, 'mug': 2, 'pot': 0},
    'confusion': [[1, 0, 0], [1, 1, 0], [0, 0, 0]],
    'held_out': [{'sha256': HASH, 'label': 'mug', 'predicted': 'cup'}],
}


def add_version(store, labels=('cup', 'mug', 'pot'), activate=True):
    path = store.root.parent / 'given.safetensors'
    write_checkpoint(
        path,
        {
            'body.weight': np.arange(6, dtype=np.float32).reshape(2, 3),
            'head.bias': np.arange(len(labels), dtype=np.float32),
        },
        CheckpointMetadata(
            network='test',
            labels=labels,
            preprocessing=PREPROCESSING,
            version='7',
            licence='none',
            source='a test',
            fine_tuned_from='test 6',
        ),
    )
    version = store.add('kitchen', path, REPORT | {'labels': list(labels)}, HASH)
    return store.activate('kitchen', version.version) if activate else version


def picture(seed):
    return np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)


@pytest.fixture
def model(tmp_path):
    return StoredModel(ModelStore(tmp_path / 'store'), 'kitchen')


@pytest.fixture
def dataset(tmp_path):
    with Dataset.open(tmp_path, 'frames') as dataset:
        for seed, label in enumerate(('mug', 'cup', 'mug')):
            dataset.add(picture(seed), label, 100 + seed, '/camera')
        yield dataset


def test_the_active_version_gets_a_successor(model, dataset):
    before = add_version(model.store)
    renamed = rename_label(dataset, model, 'mug', 'Cafe\u0301')
    assert renamed.frames == 2
    assert dataset.counts() == {'Caf\u00e9': 2, 'cup': 1}
    active = model.store.active('kitchen')
    assert active.version == renamed.version != before.version
    assert renamed.message == (
        f'mug is Caf\u00e9 now: 2 frames, and the active version, {active.version}'
    )
    assert active.labels == ('cup', 'Caf\u00e9', 'pot')
    assert (active.accuracy, active.manifest_sha256) == (0.75, HASH)
    assert active.report() == REPORT | {
        'labels': ['cup', 'Caf\u00e9', 'pot'],
        'frames': {'cup': 1, 'Caf\u00e9': 2, 'pot': 0},
        'held_out': [{'sha256': HASH, 'label': 'Caf\u00e9', 'predicted': 'cup'}],
        'relabelled_from': before.version,
    }
    old, new = Checkpoint.read(before.checkpoint), Checkpoint.read(active.checkpoint)
    for name, values in old.weights().items():
        np.testing.assert_array_equal(new.weights()[name], values)
    assert (new.version, new.licence, new.source, new.head, new.fine_tuned_from) == (
        old.version, old.licence, old.source, old.head, old.fine_tuned_from
    )  # fmt: skip
    # The version before is as it was, and can be rolled back to.
    assert model.store.roll_back('kitchen').labels == ('cup', 'mug', 'pot')


@pytest.mark.parametrize('labels', [None, ('cup', 'pot')])
def test_a_model_that_does_not_know_the_label_stays(model, dataset, labels):
    active = add_version(model.store, labels) if labels else None
    renamed = rename_label(dataset, model, 'mug', 'jug')
    assert (renamed.frames, renamed.version) == (2, '')
    assert renamed.message == 'mug is jug now: 2 frames'
    assert model.store.active('kitchen') == active


def test_a_model_that_has_the_new_label_as_well_stays(model, dataset):
    active = add_version(model.store)
    renamed = rename_label(dataset, model, 'mug', 'pot')  # no frame is a pot
    assert dataset.counts() == {'cup': 1, 'pot': 2}
    assert renamed.version == ''
    assert renamed.message == (
        'mug is pot now: 2 frames, but the model keeps its labels: '
        f'version {active.version} has the label pot as well'
    )
    assert model.store.versions('kitchen') == [active]


@pytest.mark.parametrize('report', ['half', '{"labels": 7}', '{"held_out": [{}]}'])
def test_a_damaged_model_does_not_prevent_it(model, dataset, report):
    active = add_version(model.store)
    (active.folder / 'report.json').write_text(report)
    renamed = rename_label(dataset, model, 'mug', 'jug')
    assert dataset.counts() == {'cup': 1, 'jug': 2}
    assert 'but the model keeps its labels' in renamed.message
    assert 'is damaged' in renamed.message


@pytest.mark.parametrize(
    ('old', 'new', 'reason'),
    [
        ('jug', 'pan', 'no frames have the label jug'),
        ('mug', 'cup', 'the label cup already exists'),
        ('mug', 'unknown', 'unknown is reserved'),
        ('mug', '../x', 'cannot be the name of a label'),
    ],
)
def test_what_cannot_be_renamed_changes_nothing(model, dataset, old, new, reason):
    active = add_version(model.store)
    with pytest.raises(ValueError, match=reason):
        rename_label(dataset, model, old, new)
    assert dataset.counts() == {'cup': 1, 'mug': 2}
    assert model.store.versions('kitchen') == [active]


def test_the_version_is_active_again_if_the_frames_cannot_be_renamed(model, dataset, monkeypatch):
    active = add_version(model.store)

    def full(*_):
        raise OSError('the disk is full')

    monkeypatch.setattr(dataset, 'rename_label', full)
    with pytest.raises(OSError, match='the disk is full'):
        rename_label(dataset, model, 'mug', 'jug')
    assert model.store.active('kitchen').version == active.version


def test_old_versions_are_deleted(model, dataset):
    add_version(model.store)
    limited = StoredModel(model.store, 'kitchen', limit=2)
    for old, new in (('mug', 'jug'), ('jug', 'can'), ('can', 'tin')):
        rename_label(dataset, limited, old, new)
    assert [version.labels[1] for version in model.store.versions('kitchen')] == ['tin', 'can']


def test_killed_at_each_step(tmp_path, model, dataset, killed_everywhere):
    add_version(model.store)
    dataset.close()
    originals = tmp_path / 'frames', tmp_path / 'store'

    def prepare(operations):
        root = tmp_path / f'n{operations}'
        for original in originals:
            shutil.copytree(original, root / original.name, symlinks=True)
        return root

    def rename(root):
        copied = StoredModel(ModelStore(root / 'store'), 'kitchen')
        with Dataset.open(root, 'frames') as opened:
            return rename_label(opened, copied, 'mug', 'jug')

    seen = set()
    for root, killed in killed_everywhere(prepare, rename):
        store = ModelStore(root / 'store')
        model_label = store.active('kitchen').labels[1]
        with Dataset.open(root, 'frames') as opened:
            (label,) = {*opened.counts()} - {'cup'}
            assert [frame.stamp_ns for frame in opened.frames()] == [100, 101, 102]
            assert {frame.topic for frame in opened.frames()} == {'/camera'}
        seen.add((label, model_label))
        assert killed or (label, model_label) == ('jug', 'jug')
        # Whoever sees the old label renames it again.
        if label == 'mug':
            rename(root)
        assert store.active('kitchen').labels[1] == 'jug'
        assert {frame.label for frame in read_frames(root / 'frames').frames} == {'cup', 'jug'}
        assert not [name for name in os.listdir(root / 'store' / 'kitchen') if 'tmp' in name]
    assert seen == {('mug', 'mug'), ('mug', 'jug'), ('jug', 'jug')}
