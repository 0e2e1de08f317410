"""Import labelled frames from folders and bags into a dataset, and export a dataset as zip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
import hashlib
from pathlib import Path
from typing import IO
import zipfile

from nn_perception.bags.bag import Bag, SUFFIXES
from nn_perception.bags.metadata import METADATA
from nn_perception.bags.recorded_images import RecordedFrame
from nn_perception.core.files.atomic import atomic_stream
from nn_perception.core.files.names import checked_name
from nn_perception.core.imaging.image_files import encode_png, read_image
from nn_perception.sources.photographs import photographs_in
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import (
    LabelledFrame,
    MANIFEST,
    manifest_of,
    read_frames,
)

OnProgress = Callable[[int, int], None]
"""Gets the number of pictures that are done, and of all pictures."""


@dataclass
class ImportResult:
    """
    The result of an import.

    :param stored: number of new frames
    :param present: number of pictures that the dataset already contained
    :param problems: one sentence for each kind of picture that could not be imported
    """

    stored: int = 0
    present: int = 0
    problems: list[str] = field(default_factory=list)


def is_bag(path: Path) -> bool:
    """Tell a recorded bag from a folder of pictures."""
    if not path.is_dir():
        return path.suffix in SUFFIXES
    return any(file.suffix in SUFFIXES or file.name == METADATA for file in path.iterdir())


def import_folder(
    dataset: Dataset,
    folder: str | Path,
    label: str = '',
    on_progress: OnProgress = lambda *_: None,
) -> ImportResult:
    """
    Import the pictures of a folder.

    Pictures that their label already contains are skipped, so an import that was interrupted can
    be repeated.

    :param folder: another dataset, or a folder with one subfolder of pictures for each label
    :param label: if given, the pictures that are directly in the folder get this label
    :raises ValueError: if the label is not allowed, or the folder contains no pictures
    :raises QuotaError: if the dataset is full; the frames that are stored by then stay
    :raises OSError: if the folder cannot be read, or nothing can be written
    """
    folder = Path(folder).expanduser().absolute()
    frames, problems = _pictures_in(folder, label)
    result = ImportResult(problems=list(problems))
    present = {(frame.label, frame.sha256) for frame in dataset.frames()}
    for done, frame in enumerate(frames):
        on_progress(done, len(frames))
        try:
            png = encode_png(read_image(frame.path))
            key = frame.label, hashlib.sha256(png).hexdigest()
            if key in present:
                result.present += 1
                continue
            dataset.add_png(png, frame.label, frame.stamp_ns, frame.topic)
            present.add(key)
            result.stored += 1
        except ValueError as error:
            result.problems.append(str(error))
    return result


def import_bag(
    dataset: Dataset,
    bag: str | Path,
    label: str,
    *,
    topic: str = '',
    max_rate_hz: float = 0.0,
    on_progress: OnProgress = lambda *_: None,
) -> ImportResult:
    """
    Import the images of a recorded bag under one label.

    Images that the dataset already contains with the same stamp are skipped.

    :param bag: folder of a ROS 2 bag (sqlite3 or MCAP), or the file of a ROS 1 bag
    :param topic: topic with raw or compressed images; may be empty if there is only one
    :param max_rate_hz: maximum number of frames per second of the recording; 0 for all
    :raises ImportError: if the package rosbags is not installed
    :raises ValueError: if the label is not allowed, or the bag is damaged or has no such topic
    :raises QuotaError: if the dataset is full; the frames that are stored by then stay
    :raises OSError: if the bag cannot be read, or nothing can be written
    """
    label = checked_name(label, 'label')
    result, problems = ImportResult(), Counter[str]()
    present = {
        (frame.stamp_ns, frame.sha256) for frame in dataset.frames() if frame.label == label
    }
    for frame in _images(bag, topic, max_rate_hz, on_progress):
        if isinstance(frame, str):
            problems[frame] += 1
            continue
        png = encode_png(frame.image_bgr)
        if (frame.stamp_ns, hashlib.sha256(png).hexdigest()) in present:
            result.present += 1
        else:
            dataset.add_png(png, label, frame.stamp_ns, frame.source)
            result.stored += 1
    result.problems += [f'{times} images of {bag}: {reason}' for reason, times in problems.items()]
    return result


def _images(
    bag: str | Path, topic: str, max_rate_hz: float, on_progress: OnProgress
) -> Iterator[RecordedFrame | str]:
    """Yield the images of a bag, or the reason why one cannot be decoded."""
    due_ns = 0
    with Bag(bag) as opened:
        topic = opened.choose_topic(topic)
        total = opened.count(topic)
        for done, message in enumerate(opened.messages([topic])):
            on_progress(done, total)
            try:
                frame = opened.frame(message)
            except ValueError as error:
                yield str(error)
                continue
            if frame.stamp_ns >= due_ns:
                due_ns = frame.stamp_ns + round(1e9 / max_rate_hz) if max_rate_hz > 0.0 else 0
                yield frame


def export_zip(folder: str | Path, path: str | Path) -> int:
    """
    Write frames and manifest to a zip file, inside a folder with the name of the dataset.

    :param folder: a dataset, or any folder of labelled pictures
    :param path: the zip file; an existing one is replaced
    :returns: number of frames
    :raises OSError: if the file cannot be written, or a picture cannot be read; nothing is left
        behind
    """
    folder, path = Path(folder).expanduser().absolute(), Path(path).expanduser().absolute()
    frames = read_frames(folder).frames
    try:
        with atomic_stream(path) as stream:
            _write_zip(stream, folder.name, frames)
    except OSError as error:
        raise type(error)(
            f'the dataset {folder} cannot be exported to {path}: {error.strerror}'
        ) from error
    return len(frames)


def _pictures_in(folder: Path, label: str) -> tuple[Sequence[LabelledFrame], Sequence[str]]:
    """List the pictures of a folder with their labels, and the problems of the folder."""
    if label:
        label = checked_name(label, 'label')
        if not folder.is_dir():
            raise FileNotFoundError(f'there is no folder {folder}')
        pictures = [LabelledFrame(path, label, 0, '', '') for path in photographs_in(folder)]
        if not pictures:
            raise ValueError(f'{folder} contains no pictures')
        return pictures, ()
    listing = read_frames(folder)
    if not listing.frames:
        raise ValueError(f'{folder} contains no subfolders with pictures, one for each label')
    return listing.frames, listing.problems


def _write_zip(stream: IO[bytes], name: str, frames: Sequence[LabelledFrame]) -> None:
    with zipfile.ZipFile(stream, 'w', strict_timestamps=False) as archive:
        for frame in frames:
            # Without compression, since pictures are already compressed.
            archive.write(frame.path, f'{name}/{frame.file}')
        archive.writestr(f'{name}/{MANIFEST}', manifest_of(frames))
