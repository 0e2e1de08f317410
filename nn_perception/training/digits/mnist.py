"""
MNIST, and Fashion-MNIST, which has the same form, from four files, plain or compressed.

The format is that of Y. LeCun, C. Cortes and C. Burges: a magic number, whose last byte is the
number of axes, the length of each axis, all big-endian, then the values, one byte each.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
import gzip
import hashlib
import math
from pathlib import Path
import sys
import zlib

import numpy as np
from numpy.typing import NDArray

IMAGE_SIZE = 28
# More than the largest of the data sets in this format, EMNIST ByClass, needs.
MAX_BYTES = 600_000_000
UINT8_CODE = 0x08
IMAGE_FILES = {'train': 'train-images-idx3-ubyte', 'test': 't10k-images-idx3-ubyte'}
LABEL_FILES = {'train': 'train-labels-idx1-ubyte', 'test': 't10k-labels-idx1-ubyte'}

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class IdxCollection:
    """
    A collection of images in four files of this format.

    :param title: its name for people
    :param torchvision: its class in torchvision, and the folder that torchvision stores it in
    """

    title: str
    torchvision: str


MNIST = IdxCollection('MNIST', 'MNIST')
# H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST" (2017), arXiv 1708.07747.
FASHION_MNIST = IdxCollection('Fashion-MNIST', 'FashionMNIST')


@dataclass(frozen=True)
class Mnist:
    """
    Images of digits or of garments, and their labels.

    :param train_images: uint8, ``(N, 28, 28)``, ink 255 on background 0
    :param train_labels: uint8, ``(N,)``, 0 to 9
    :param test_images: like the training images, from other writers
    :param test_labels: like the training labels
    """

    train_images: Bytes
    train_labels: Bytes
    test_images: Bytes
    test_labels: Bytes

    @property
    def sha256(self) -> str:
        """Hash of all values, hexadecimal."""
        digest = hashlib.sha256()
        for values in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()


def load_mnist(folder: Path, collection: IdxCollection = MNIST) -> Mnist:
    """
    Read the four files, each plain or with the suffix ``.gz``.

    :param folder: folder of the files, or the one that was given to torchvision
    :raises OSError: if the folder or a file is missing or cannot be read
    :raises ValueError: if a file is not of this format, is incomplete, or does not fit the others
    """
    folder = _folder_of_files(folder, collection)
    parts = [
        values for part in ('train', 'test') for values in _load_part(folder, part, collection)
    ]
    return Mnist(*parts)


def count_samples(folder: Path, collection: IdxCollection = MNIST) -> tuple[int, int]:
    """
    Count the training and the test images; only the beginnings of the files are read.

    :raises OSError: if the folder or a file is missing or cannot be read
    :raises ValueError: if a file is not of this format
    """
    folder = _folder_of_files(folder, collection)
    counts = {}
    for part in ('train', 'test'):
        for name, axes in ((IMAGE_FILES[part], 3), (LABEL_FILES[part], 1)):
            path = _find(folder, name, collection)
            header_bytes = 4 + 4 * axes
            counts[part] = _lengths(path, _content(path, header_bytes)[:header_bytes], axes)[0]
    return counts['train'], counts['test']


def download_mnist(folder: Path, collection: IdxCollection = MNIST) -> None:
    """
    Download the four files with torchvision, unless they exist.

    :param folder: gets a subfolder ``MNIST/raw``, or ``FashionMNIST/raw``, where
        :func:`load_mnist` finds them
    :raises OSError: if the folder cannot be written, or no server responds
    """
    from torchvision import datasets  # type: ignore[import-untyped, unused-ignore]

    folder.mkdir(parents=True, exist_ok=True)
    try:
        # Some versions of torchvision print; standard output is for results.
        with contextlib.redirect_stdout(sys.stderr):
            getattr(datasets, collection.torchvision)(str(folder), train=True, download=True)
    except RuntimeError as error:
        reason = ' '.join(str(error).split())
        raise OSError(
            f'{collection.title} cannot be downloaded to {folder} ({reason}); choose the folder '
            'of its four files instead'
        ) from error


def split(labels: Bytes, held_out: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Hold out the same share of each label's examples.

    :param labels: ``(N,)``
    :param held_out: number of examples to hold out; rounding for each label may change it
    :param seed: seed of the choice
    :returns: indices of the training examples, and of the held-out ones, both ascending
    """
    generator = np.random.default_rng([seed, len(labels)])
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        count = round(held_out * len(places) / len(labels))
        chosen[generator.permutation(places)[:count]] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def _folder_of_files(folder: Path, collection: IdxCollection) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(f'there is no folder {folder}')
    # Where torchvision stores its downloads, below the folder that it is given.
    downloaded = folder / collection.torchvision / 'raw'
    return downloaded if downloaded.is_dir() else folder


def _load_part(folder: Path, part: str, collection: IdxCollection) -> tuple[Bytes, Bytes]:
    images_path = _find(folder, IMAGE_FILES[part], collection)
    labels_path = _find(folder, LABEL_FILES[part], collection)
    images, labels = _read_idx(images_path, axes=3), _read_idx(labels_path, axes=1)
    if images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        height, width = images.shape[1:]
        raise ValueError(f'{images_path}: expected images of 28 x 28, got {height} x {width}')
    if len(images) != len(labels):
        raise ValueError(
            f'{images_path} holds {len(images)} images, but {labels_path.name} {len(labels)} '
            'labels'
        )
    if len(labels) == 0:
        raise ValueError(f'{images_path} holds no images')
    if labels.max() > 9:
        raise ValueError(f'{labels_path}: expected labels of 0 to 9, got {labels.max()}')
    return images, labels


def _find(folder: Path, name: str, collection: IdxCollection) -> Path:
    for path in (folder / name, folder / f'{name}.gz'):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f'{folder} contains neither {name} nor {name}.gz; choose the folder of the four '
        f'{collection.title} files, or download them'
    )


def _read_idx(path: Path, axes: int) -> Bytes:
    """Read one file with unsigned bytes."""
    content = _content(path, MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f'{path} holds more than {MAX_BYTES} bytes, and MNIST does not')
    lengths = _lengths(path, content, axes)
    header = 4 + 4 * axes
    expected = header + math.prod(lengths)
    if len(content) != expected:
        raise ValueError(
            f'{path} is truncated or too long: {expected} bytes expected for '
            f'{" x ".join(map(str, lengths))}, {len(content)} found'
        )
    # A copy, since torch needs writable memory.
    values: Bytes = np.frombuffer(content, np.uint8, offset=header).reshape(lengths).copy()
    return values


def _content(path: Path, max_bytes: int) -> bytes:
    """Read the first bytes of a file, decompressed."""
    try:
        with gzip.open(path) if path.suffix == '.gz' else path.open('rb') as stream:
            return stream.read(max_bytes)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f'{path} is damaged, or not a gzip file: {error}') from error
    except OSError as error:
        raise type(error)(f'{path} cannot be read: {error.strerror}') from error


def _lengths(path: Path, content: bytes, axes: int) -> list[int]:
    """Return the length of each axis, from the header."""
    if content[:4] != bytes((0, 0, UINT8_CODE, axes)):
        raise ValueError(
            f'{path} is not an idx file of bytes with {axes} axes: it begins with '
            f'{content[:4].hex() or "nothing"}, expected {bytes((0, 0, UINT8_CODE, axes)).hex()}'
        )
    header = content[4 : 4 + 4 * axes].ljust(4 * axes, b'\0')
    lengths: list[int] = np.frombuffer(header, '>u4').tolist()
    return lengths
