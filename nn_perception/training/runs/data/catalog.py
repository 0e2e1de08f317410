"""Which samples runs can be trained with, and how to open them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nn_perception.core.files.folders import folder_of
from nn_perception.core.quoting import quoted
from nn_perception.training.datasets.catalog import dataset_folder, dataset_names
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception.training.runs.data.frames_data import (
    check_enough,
    estimated_counts,
    open_frames,
)
from nn_perception.training.runs.data.frames_data import (
    PREPROCESSING as FRAMES_PREPROCESSING,
)
from nn_perception.training.runs.data.generated_digits import (
    open_generated_digits,
    TEST,
    TRAINING,
    VALIDATION,
)
from nn_perception.training.runs.data.idx_data import idx_sources, IdxSource
from nn_perception.training.runs.data.samples import DIGIT_LABELS, RunData

GENERATED_DIGITS = 'generated_digits'
DATASET_PREFIX = 'dataset:'
GREY_SHAPE = (1, 28, 28)


@dataclass(frozen=True)
class AvailableData:
    """
    Samples that a run can be trained with, or why it cannot.

    :param name: as in :class:`nn_perception.training.runs.records.RunSettings`
    :param title: for people
    :param shape: of the network's input, ``(C, H, W)``
    :param labels: names of the classes; empty if it is unusable
    :param training: number of samples to train with; 0 if it is unusable
    :param validation: number of samples to validate with
    :param test: number of samples to test with; of frames, these three are estimates
    :param reason: why it is unusable, in a sentence; empty if it can be used
    :param can_download: whether :func:`download_data` could make it usable
    """

    name: str
    title: str
    shape: tuple[int, int, int]
    labels: tuple[str, ...] = ()
    training: int = 0
    validation: int = 0
    test: int = 0
    reason: str = ''
    can_download: bool = False


def available_data(datasets: str | Path = '') -> tuple[AvailableData, ...]:
    """
    List all samples that are known; only the beginnings of files are read.

    :param datasets: folder of the labelled frames; empty: the usual one
    """
    found = [_idx(name, source) for name, source in idx_sources().items()]
    found.append(
        AvailableData(
            GENERATED_DIGITS,
            'generated digits',
            GREY_SHAPE,
            DIGIT_LABELS,
            TRAINING,
            VALIDATION,
            TEST,
        )
    )
    root = folder_of('datasets', datasets)
    try:
        found += [_frames(root, name) for name in dataset_names(root)]
    except OSError as error:
        reason = f'{root} cannot be read: {error.strerror}'
        shape = (3, FRAMES_PREPROCESSING.size, FRAMES_PREPROCESSING.size)
        found.append(AvailableData(DATASET_PREFIX, 'labelled frames', shape, reason=reason))
    return tuple(found)


def open_data(
    name: str,
    seed: int = 0,
    limit: int = 0,
    *,
    datasets: str | Path = '',
    on_progress: Callable[[float], None] = lambda _: None,
) -> RunData:
    """
    Load samples.

    :param name: as in :class:`nn_perception.training.runs.records.RunSettings`
    :param seed: chooses the validation samples
    :param limit: maximum number of training samples; 0: all
    :param datasets: folder of the labelled frames; empty: the usual one
    :param on_progress: gets the finished share of the work, in ``[0, 1]``
    :raises OSError: a sentence, if files are missing or cannot be read
    :raises ValueError: a sentence, if there are no such samples, or they cannot be used
    :raises RuntimeError: if the network that compares labelled frames cannot be run
    """
    if seed < 0 or limit < 0:
        raise ValueError(f'seed and limit must not be negative, got {seed} and {limit}')
    sources = idx_sources()
    if name in sources:
        return sources[name].open(name, seed, limit)
    if name == GENERATED_DIGITS:
        return open_generated_digits(name, seed, limit)
    if name.startswith(DATASET_PREFIX):
        root = folder_of('datasets', datasets)
        listing = read_frames(dataset_folder(root, name.removeprefix(DATASET_PREFIX)))
        return open_frames(name, listing, seed, limit, on_progress)
    known = ', '.join([*sources, GENERATED_DIGITS])
    raise ValueError(
        f'there are no samples {quoted(name)}; expected {known} or {DATASET_PREFIX}NAME'
    )


def download_data(name: str) -> Path:
    """
    Download samples with torchvision, into the cache folder, unless they are there.

    :param name: ``mnist`` or ``fashion_mnist``
    :returns: their folder
    :raises OSError: a sentence, if there is no connection, or the folder cannot be written
    :raises ValueError: if they cannot be downloaded
    """
    sources = idx_sources()
    if name not in sources:
        raise ValueError(f'{quoted(name)} cannot be downloaded; {" and ".join(sources)} can')
    return sources[name].download()


def _idx(name: str, source: IdxSource) -> AvailableData:
    title = source.collection.title
    try:
        counts = source.counts()
    except FileNotFoundError as error:
        return AvailableData(name, title, GREY_SHAPE, reason=str(error), can_download=True)
    except (OSError, ValueError) as error:
        return AvailableData(name, title, GREY_SHAPE, reason=str(error))
    return AvailableData(name, title, GREY_SHAPE, source.labels, *counts)


def _frames(root: Path, name: str) -> AvailableData:
    size = FRAMES_PREPROCESSING.size
    key, shape = f'{DATASET_PREFIX}{name}', (3, size, size)
    try:
        listing = read_frames(root / name)
        labels = check_enough(listing)
    except (OSError, ValueError) as error:
        return AvailableData(key, name, shape, reason=str(error))
    return AvailableData(key, name, shape, labels, *estimated_counts(listing))
