"""Labelled frames from folders and bags into a data set, and out of it into a zip file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
import hashlib
from pathlib import Path
from typing import IO
import zipfile

from nn_perception.bags.bag import Bag
from nn_perception.core.files.atomic import atomic_stream
from nn_perception.core.files.names import checked_name
from nn_perception.core.imaging.image_files import encode_png, read_image
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import (
    MANIFEST,
    manifest_of,
    read_samples,
    Sample,
)


def import_folder(dataset: Dataset, folder: str | Path) -> tuple[int, list[str]]:
    """
    Store the pictures of another folder, ``<label>/<any name>``, or of another data set.

    A picture that its label has already is left out, so that an import that was cut off can be
    done again.

    :returns: how many were stored, and a sentence for what could not be
    :raises ValueError: if there are no pictures in folders of their labels
    :raises QuotaError: if the data set is full; what was stored until then stays
    :raises OSError: if the folder cannot be read, or nothing can be written
    """
    folder = Path(folder).expanduser().absolute()
    listing = read_samples(folder)
    if not listing.samples:
        raise ValueError(f'{folder} holds no folders with pictures, named after their labels')
    problems, count = list(listing.problems), 0
    present = {(sample.label, sample.sha256) for sample in dataset.samples()}
    for sample in listing.samples:
        try:
            png = encode_png(read_image(sample.path))
            key = sample.label, hashlib.sha256(png).hexdigest()
            if key not in present:
                dataset.add_png(png, sample.label, sample.stamp_ns, sample.topic)
                present.add(key)
                count += 1
        except ValueError as error:
            problems.append(str(error))
    return count, problems


def import_bag(
    dataset: Dataset, bag: str | Path, label: str, *, topic: str = '', most_hz: float = 0.0
) -> tuple[int, list[str]]:
    """
    Store the images of a recorded bag under one label.

    :param bag: folder of a ROS 2 bag (sqlite3 or MCAP), or a file of a ROS 1 bag
    :param topic: of raw or compressed images; may be empty if there is only one
    :param most_hz: at most so many frames a second of the recording; 0 for all
    :returns: how many were stored, and a sentence for each reason why others were not
    :raises ImportError: if the package rosbags is not installed
    :raises ValueError: if the label is not allowed, if it is no bag, or has no such topic
    :raises QuotaError: if the data set is full; what was stored until then stays
    :raises OSError: if the bag cannot be read, or nothing can be written
    """
    checked_name(label, 'label')
    problems: Counter[str] = Counter()
    count, due_ns = 0, 0
    with Bag(bag) as opened:
        for message in opened.messages([opened.choose_topic(topic)]):
            try:
                frame = opened.frame(message)
            except ValueError as error:
                problems[str(error)] += 1
                continue
            if frame.stamp_ns >= due_ns:
                due_ns = frame.stamp_ns + round(1e9 / most_hz) if most_hz > 0.0 else 0
                dataset.add(frame.image_bgr, label, frame.stamp_ns, frame.source)
                count += 1
    return count, [f'{times} images of {bag}: {reason}' for reason, times in problems.items()]


def export_zip(folder: str | Path, path: str | Path) -> int:
    """
    Write the frames and the manifest into a zip file, in a folder of the data set's name.

    :param folder: a data set, or any folder of labelled pictures
    :param path: the zip file; replaced if there is one
    :returns: how many frames it holds
    :raises OSError: if it cannot be written, or a picture cannot be read; nothing is left behind
    """
    folder, path = Path(folder).expanduser().absolute(), Path(path).expanduser().absolute()
    samples = read_samples(folder).samples
    try:
        with atomic_stream(path) as stream:
            _write_zip(stream, folder.name, samples)
    except OSError as error:
        raise type(error)(
            f'the data set {folder} cannot be exported to {path}: {error.strerror}'
        ) from error
    return len(samples)


def _write_zip(stream: IO[bytes], name: str, samples: Sequence[Sample]) -> None:
    with zipfile.ZipFile(stream, 'w', strict_timestamps=False) as archive:
        for sample in samples:
            # Without compression, since pictures are compressed already.
            archive.write(sample.path, f'{name}/{sample.file}')
        archive.writestr(f'{name}/{MANIFEST}', manifest_of(samples))
