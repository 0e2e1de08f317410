"""MNIST and Fashion-MNIST as samples of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import os
from pathlib import Path

from nn_perception.core.files.folders import cache_folder
from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.training.digits.mnist import (
    count_samples,
    download_mnist,
    FASHION_MNIST,
    IdxCollection,
    load_mnist,
    MNIST,
    split,
)
from nn_perception.training.runs.data.samples import (
    DIGIT_LABELS,
    RunData,
    Samples,
    split_validation,
)
import numpy as np

# As many as `train-digits` holds out, so that both train with the same digits.
HELD_OUT = 2000
MAX_HELD_OUT_SHARE = 10
FASHION_LABELS = (
    'T-shirt or top', 'Trouser', 'Pullover', 'Dress', 'Coat',
    'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot',
)  # fmt: skip


@dataclass(frozen=True)
class IdxSource:
    """
    Where the files of a collection are, and what they hold.

    :param collection: the collection
    :param labels: names of its ten classes
    :param mean: of the values of its training images
    :param std: deviation of the same
    :param variable: environment variable with the folder of its files
    :param places: other folders that may hold them, the first that exists is used; the first one
        is that of downloads
    :param advice: how to get the files
    :param foreground: whether its pictures are of things cut out of their ground
    """

    collection: IdxCollection
    labels: tuple[str, ...]
    mean: float
    std: float
    variable: str
    places: tuple[Path, ...]
    advice: str
    foreground: bool = False

    @property
    def preprocessing(self) -> Preprocessing:
        """How pictures become inputs of a network."""
        return Preprocessing(
            size=28,
            crop=1.0,
            interpolation='linear',
            mean=(self.mean,),
            std=(self.std,),
            foreground=self.foreground,
        )

    def folder(self) -> Path:
        """
        Return the folder of the four files.

        :raises FileNotFoundError: if there is none
        """
        chosen = os.environ.get(self.variable)
        places = (Path(chosen).expanduser().absolute(),) if chosen else self.places
        for place in places:
            if place.is_dir():
                return place
        looked = ' or '.join(map(str, places))
        raise FileNotFoundError(f'{self.collection.title} is not in {looked}; {self.advice}')

    def counts(self) -> tuple[int, int, int]:
        """
        Return the numbers of training, validation and test samples.

        :raises OSError, ValueError: see :func:`load_mnist`
        """
        training, test = count_samples(self.folder(), self.collection)
        held_out = min(HELD_OUT, training // MAX_HELD_OUT_SHARE)
        return training - held_out, held_out, test

    def open(self, name: str, seed: int, limit: int) -> RunData:
        """
        Load the samples.

        :param name: as in :class:`RunData`
        :raises OSError, ValueError: see :func:`load_mnist`
        """
        loaded = load_mnist(self.folder(), self.collection)
        count = min(HELD_OUT, len(loaded.train_labels) // MAX_HELD_OUT_SHARE)
        places, held_out = split(loaded.train_labels, count, seed)
        samples = Samples(loaded.train_images, loaded.train_labels.astype(np.int64))
        training, validation = split_validation(samples, held_out, places, limit)
        return RunData(
            name=name,
            title=self.collection.title,
            labels=self.labels,
            preprocessing=self.preprocessing,
            training=training,
            validation=validation,
            test=Samples(loaded.test_images, loaded.test_labels.astype(np.int64)),
        )

    def download(self) -> Path:
        """
        Download the four files with torchvision, unless they are there.

        :returns: the folder that they are in
        :raises OSError: if there is no connection, or the folder cannot be written
        """
        download_mnist(self.places[0], self.collection)
        return self.places[0]


def idx_sources() -> Mapping[str, IdxSource]:
    """Return the sources by the names of their samples."""
    cache = cache_folder()
    return {
        'mnist': IdxSource(
            MNIST,
            DIGIT_LABELS,
            33.3184,
            78.5675,
            'NN_PERCEPTION_MNIST',
            (cache / 'mnist',),
            'put its four files there, name their folder in NN_PERCEPTION_MNIST, or download it '
            'where there is a connection',
        ),
        'fashion_mnist': IdxSource(
            FASHION_MNIST,
            FASHION_LABELS,
            72.9404,
            90.0212,
            'NN_PERCEPTION_FASHION_MNIST',
            (cache / 'fashion_mnist', Path('/usr/share/datasets/fashion-mnist')),
            "install Debian's package dataset-fashion-mnist, put its four files there, name "
            'their folder in NN_PERCEPTION_FASHION_MNIST, or download it where there is a '
            'connection',
            foreground=True,
        ),
    }
