"""The idx files: plain or compressed, and a sentence for each way to be wrong."""

from __future__ import annotations

import gzip
from pathlib import Path
import struct

from nn_perception.training.digits import mnist
from nn_perception.training.digits.mnist import (
    download_mnist,
    IMAGE_FILES,
    LABEL_FILES,
    load_mnist,
    split,
)
import numpy as np
import pytest


def idx(values: np.ndarray) -> bytes:
    header = bytes((0, 0, 8, values.ndim)) + struct.pack(f'>{values.ndim}I', *values.shape)
    return header + values.astype(np.uint8).tobytes()


def write_mnist(folder: Path, *, compressed: bool = False, counts: tuple[int, int] = (20, 10)):
    random = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in zip(('train', 'test'), counts, strict=True):
        for name, content in (
            (IMAGE_FILES[part], idx(random.integers(0, 256, (count, 28, 28)))),
            (LABEL_FILES[part], idx(np.arange(count) % 10)),
        ):
            suffix = '.gz' if compressed else ''
            (folder / f'{name}{suffix}').write_bytes(
                gzip.compress(content) if compressed else content
            )
    return folder


@pytest.mark.parametrize('compressed', [False, True])
def test_reads_plain_and_compressed_files(tmp_path, compressed):
    mnist = load_mnist(write_mnist(tmp_path, compressed=compressed))
    assert mnist.train_images.shape == (20, 28, 28)
    assert mnist.test_images.shape == (10, 28, 28)
    assert {a.dtype for a in (mnist.train_images, mnist.test_labels)} == {np.dtype(np.uint8)}
    np.testing.assert_array_equal(mnist.test_labels, np.arange(10))
    assert mnist.train_images[0, 0, :2].tolist() == [217, 163]


def test_the_hash_depends_on_the_digits(tmp_path):
    plain = load_mnist(write_mnist(tmp_path / 'a'))
    assert plain.sha256 == load_mnist(write_mnist(tmp_path / 'b', compressed=True)).sha256
    assert plain.sha256 != load_mnist(write_mnist(tmp_path / 'c', counts=(20, 11))).sha256


def test_reads_the_folder_of_torchvision(tmp_path):
    write_mnist(tmp_path / 'MNIST' / 'raw')
    assert len(load_mnist(tmp_path).train_labels) == 20


def test_the_real_files(test_data):
    mnist = load_mnist(test_data / 'mnist')
    assert (len(mnist.train_labels), len(mnist.test_labels)) == (60_000, 10_000)
    assert mnist.test_labels[:5].tolist() == [7, 2, 1, 0, 4]


IMAGES_FILE, LABELS_FILE = IMAGE_FILES['train'], LABEL_FILES['train']


@pytest.mark.parametrize(
    ('name', 'content', 'reason'),
    [
        (IMAGES_FILE, b'', 'begins with nothing, expected 00000803'),
        (
            IMAGES_FILE,
            b'\x89PNG\r\n',
            'not an idx file of bytes with 3 axes: it begins with 89504e47',
        ),
        (IMAGES_FILE, idx(np.zeros((20, 28, 28)))[:-1], 'truncated or too long: 15696 bytes'),
        (IMAGES_FILE, idx(np.zeros((20, 28, 28)))[:9], 'truncated or too long'),
        (IMAGES_FILE, idx(np.zeros((20, 28, 28))) + b'x', '15696 bytes expected for 20 x 28 x 28'),
        (IMAGES_FILE, idx(np.zeros((20, 32, 30))), 'expected images of 28 x 28, got 32 x 30'),
        (IMAGES_FILE, idx(np.zeros((19, 28, 28))), f'19 images, but {LABELS_FILE} 20 labels'),
        (LABELS_FILE, idx(np.full(20, 10)), 'labels of 0 to 9, got 10'),
        (LABELS_FILE, idx(np.zeros((20, 28, 28))), 'with 1 axes: it begins with 00000803'),
    ],
)
def test_other_files_are_rejected(tmp_path, name, content, reason):
    write_mnist(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=reason) as caught:
        load_mnist(tmp_path)
    assert name in str(caught.value)


@pytest.mark.parametrize('compressed', [False, True])
def test_a_file_that_is_too_large_is_rejected(tmp_path, monkeypatch, compressed):
    write_mnist(tmp_path)
    monkeypatch.setattr(mnist, 'MAX_BYTES', 1_000_000)
    content = bytes(100_000_000)
    path = tmp_path / (f'{IMAGES_FILE}.gz' if compressed else IMAGES_FILE)
    (tmp_path / IMAGES_FILE).unlink()
    path.write_bytes(gzip.compress(content, 1) if compressed else content)
    with pytest.raises(ValueError, match='holds more than 1000000 bytes'):
        load_mnist(tmp_path)


@pytest.mark.parametrize(
    'damage',
    [lambda content: b'no gzip at all', lambda content: content[:8], lambda content: content[:99]],
)
def test_damaged_compression_is_rejected(tmp_path, damage):
    write_mnist(tmp_path, compressed=True)
    path = tmp_path / f'{IMAGES_FILE}.gz'
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match='is damaged, or not a gzip file'):
        load_mnist(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='there is no folder /'):
        load_mnist(tmp_path / 'nowhere')
    with pytest.raises(FileNotFoundError, match=f'neither {IMAGES_FILE} nor {IMAGES_FILE}.gz'):
        load_mnist(tmp_path)
    write_mnist(tmp_path)
    (tmp_path / LABEL_FILES['test']).unlink()
    with pytest.raises(FileNotFoundError, match=f'neither {LABEL_FILES["test"]}'):
        load_mnist(tmp_path)


def test_a_download_without_a_network(tmp_path, monkeypatch):
    import torchvision.datasets

    def fail(*_, **__):
        raise RuntimeError('Error downloading train-images-idx3-ubyte.gz:\nTried one,\n got: no')

    monkeypatch.setattr(torchvision.datasets, 'MNIST', fail)
    with pytest.raises(OSError, match='choose the folder of its four files instead') as caught:
        download_mnist(tmp_path / 'new')
    assert '.gz: Tried one, got: no)' in str(caught.value)


def test_holds_out_the_same_share_of_each_label():
    labels = np.repeat(np.arange(10, dtype=np.uint8), np.arange(100, 1100, 100))
    training, held_out = split(labels, 550, seed=3)
    assert sorted([*training, *held_out]) == list(range(5500))
    np.testing.assert_array_equal(np.bincount(labels[held_out]), np.arange(10, 110, 10))
    np.testing.assert_array_equal(split(labels, 550, seed=3)[1], held_out)
    assert (split(labels, 550, seed=4)[1] != held_out).any()
