"""Samples of runs: where they come from, how they are split, and what is said if they are not."""

from __future__ import annotations

from dataclasses import replace
import gzip
from pathlib import Path
import subprocess
import sys

import cv2
from nn_perception.core.files.folders import cache_folder, SAMPLES_FOLDER
from nn_perception.core.imaging.image_files import read_image
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.digits.mnist import IMAGE_FILES, LABEL_FILES, split
from nn_perception.training.runs.data import frames_data
from nn_perception.training.runs.data.catalog import available_data, download_data, open_data
from nn_perception.training.runs.data.samples import RunData
import numpy as np
import pytest

# Has the exports of the shipped networks.
SHARED_CACHE = cache_folder()
SHARES = {'NN_PERCEPTION_MNIST': 'mnist', 'NN_PERCEPTION_FASHION_MNIST': 'fashion_mnist'}


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Keep files of this machine out."""
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setenv('NN_PERCEPTION_DATA', str(tmp_path / 'data'))
    for variable, name in SHARES.items():
        monkeypatch.setenv(variable, str(tmp_path / name))


def write_idx(folder: Path, train: int = 60, test: int = 20) -> None:
    """Write pictures of grey, label times ten."""
    folder.mkdir(parents=True)
    for part, count in (('train', train), ('test', test)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        images = np.repeat(labels * 10, 28 * 28).reshape(count, 28, 28)
        for name, values in ((IMAGE_FILES[part], images), (LABEL_FILES[part], labels)):
            lengths = np.array(values.shape, '>u4').tobytes()
            content = bytes((0, 0, 8, values.ndim)) + lengths + values.tobytes()
            (folder / f'{name}.gz').write_bytes(gzip.compress(content))


def entry(name: str):
    return next(data for data in available_data() if data.name == name)


def check_normalisation(data: RunData) -> None:
    """Compare a batch with what a checkpoint makes of the same pictures."""
    images = data.test.images[:2]
    colour = np.stack([images] * 3, axis=3) if images.ndim == 3 else images[..., ::-1]
    preprocessing = replace(data.preprocessing, foreground=False)  # these are cut out already
    expected = preprocessing([np.ascontiguousarray(image) for image in colour])
    batch = data.batch(data.test, [0, 1])
    assert batch.shape == (2, *data.shape)
    np.testing.assert_allclose(batch.numpy(), expected, atol=1e-4)


@pytest.mark.parametrize('name', ['mnist', 'fashion_mnist'])
def test_files_of_idx_are_split_by_label_and_seed(tmp_path, name):
    write_idx(tmp_path / name)
    data = open_data(name, seed=3)
    listed = entry(name)
    assert (listed.training, listed.validation, listed.test) == (54, 6, 20)
    # Six of sixty, by label: the counts of a label are rounded.
    assert (len(data.training) + len(data.validation), len(data.test)) == (60, 20)
    for part in (data.training, data.validation, data.test):
        np.testing.assert_array_equal(part.images[:, 5, 5], part.labels * 10)
        assert part.images.dtype == np.uint8
    assert len(open_data(name, limit=7).training) == 7
    assert data.labels == listed.labels
    check_normalisation(data)


def test_mnist_holds_out_what_train_digits_holds_out(tmp_path):
    write_idx(tmp_path / 'mnist', train=400)
    labels = (np.arange(400) % 10).astype(np.uint8)
    training, held_out = split(labels, 40, 5)
    data = open_data('mnist', seed=5)
    np.testing.assert_array_equal(data.training.labels, labels[training])
    np.testing.assert_array_equal(data.validation.labels, labels[held_out])
    assert np.bincount(data.validation.labels).tolist() == [4] * 10


def test_the_measured_mean_and_deviation(tmp_path, monkeypatch, test_data):
    monkeypatch.setenv('NN_PERCEPTION_MNIST', str(test_data / 'mnist'))
    data = open_data('mnist')
    batch = data.batch(data.training, np.arange(5000))
    assert abs(float(batch.mean())) < 0.02
    assert abs(float(batch.std()) - 1.0) < 0.02


def test_generated_digits_are_always_the_same():
    first, again, other = (open_data('generated_digits', seed) for seed in (1, 1, 2))
    listed = entry('generated_digits')
    for part in ('training', 'validation', 'test'):
        one, same, another = (getattr(data, part) for data in (first, again, other))
        np.testing.assert_array_equal(one.images, same.images)
        assert (one.images != another.images).any()
        assert len(one) == getattr(listed, part)
        assert np.bincount(one.labels).min() > 0.07 * len(one)
    pictures = {image.tobytes() for image in first.training.images}
    assert not pictures & {image.tobytes() for image in first.test.images}
    check_normalisation(first)


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('mnist', 'MNIST is not in .*mnist; put its four files there'),
        ('fashion_mnist', "install Debian's package dataset-fashion-mnist"),
        ('dataset:none', "has no dataset 'none'"),
        ('dataset:../up', 'may contain|allowed'),
        ('cifar', "no samples 'cifar'; expected mnist"),
    ],
)
def test_what_is_missing_is_a_sentence(name, reason):
    with pytest.raises((OSError, ValueError), match=reason):
        open_data(name)
    if name.endswith('mnist'):
        assert entry(name).can_download
        assert entry(name).training == 0
        with pytest.raises(FileNotFoundError, match=entry(name).reason[:40]):
            open_data(name)


def test_a_damaged_file_is_a_sentence(tmp_path):
    write_idx(tmp_path / 'mnist')
    (tmp_path / 'mnist' / f'{LABEL_FILES["test"]}.gz').write_bytes(b'\x1f\x8bno')
    assert 'is damaged, or not a gzip file' in entry('mnist').reason
    assert not entry('mnist').can_download
    with pytest.raises(ValueError, match='is damaged, or not a gzip file'):
        open_data('mnist')


def test_a_download_without_a_connection(monkeypatch):
    import torchvision.datasets

    def fail(*_, **__):
        raise RuntimeError('no route')

    monkeypatch.setattr(torchvision.datasets, 'FashionMNIST', fail)
    with pytest.raises(OSError, match=r'Fashion-MNIST cannot be downloaded .*choose the folder'):
        download_data('fashion_mnist')
    with pytest.raises(ValueError, match='cannot be downloaded; mnist and fashion_mnist can'):
        download_data('generated_digits')


SHOWN = {
    'animal or plant': ('cat', 'dahlia', 'elephant', 'pizza'),
    'thing': ('rocket', 'temple', 'clock', 'espresso'),
}


@pytest.fixture
def frames(tmp_path, monkeypatch):
    """Store each of some photographs twice, a little darker the second time."""
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(SHARED_CACHE))
    with Dataset.open(tmp_path / 'data' / 'datasets', 'desk') as dataset:
        for label, names in SHOWN.items():
            for name in names:
                image = cv2.resize(read_image(SAMPLES_FOLDER / f'{name}.jpg'), (160, 120))
                for darker in (0, 2):
                    dataset.add(cv2.subtract(image, darker), label, 0)
    return 'dataset:desk'


def test_frames_are_split_by_bursts(frames):
    listed = entry(frames)
    assert listed.labels == tuple(SHOWN)
    assert listed.training + listed.validation + listed.test == 16
    done: list[float] = []
    data = open_data(frames, on_progress=done.append)
    assert done[-1] == 1.0
    parts = [data.training, data.validation, data.test]
    assert sum(map(len, parts)) == 16
    assert all(set(part.labels) == {0, 1} for part in parts)
    # The two of a photograph stay together.
    for at, one in enumerate(parts):
        for other in parts[at + 1 :]:
            distance = one.images[:, None].astype(int) - other.images[None].astype(int)
            assert np.abs(distance).mean(axis=(2, 3, 4)).min() > 10
    check_normalisation(data)


def test_frames_that_are_not_enough(frames, monkeypatch, tmp_path):
    monkeypatch.setattr(frames_data, 'MAX_FRAMES', 15)
    assert 'at most 15 frames, and there are 16' in entry(frames).reason
    with Dataset.open(tmp_path / 'data' / 'datasets', 'desk') as dataset:
        for frame in dataset.newest('thing', 0, 5).frames:
            dataset.delete_frames([frame.id])
    with pytest.raises(ValueError, match=r"at least 4 frames of each label; .* 'thing' \(3\)"):
        open_data(frames)


def test_listing_and_opening_files_needs_no_torch():
    program = (
        'import sys\n'
        'from nn_perception.training.runs.data.catalog import available_data\n'
        'available_data()\n'
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, '-c', program], check=True, timeout=120)
