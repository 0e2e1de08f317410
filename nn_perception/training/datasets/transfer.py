"""
Import labelled frames, or sounds, from folders, bags and zip files, and export a dataset as zip
file.
"""

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
from nn_perception.core.files.natural_order import natural_order
from nn_perception.core.imaging.image_files import encode_png
from nn_perception.training.datasets.archive import Archive
from nn_perception.training.datasets.dataset import Dataset, QuotaError
from nn_perception.training.datasets.labelled_frames import (
    distinct_label,
    LabelledFrame,
    Listing,
    MANIFEST,
    manifest_of,
    read_frames,
)
from nn_perception.training.datasets.left_out import as_text, Failures, LeftOut
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.datasets.media.folders import pictures_in
from nn_perception.training.datasets.media.medium import Medium, Part
from nn_perception.training.datasets.media.pictures import IMAGES
from nn_perception.training.export.sample_programs import program, USE_DATASET, USE_SOUND_DATASET

OnProgress = Callable[[int, int], None]
"""Gets the number of pictures that are done, and of all pictures."""
Key = tuple[str, str]


@dataclass
class ImportResult:
    """
    The result of an import.

    :param stored: number of new frames
    :param present: number of frames that the dataset already contained
    :param problems: what is left out and why, a sentence for each reason
    :param complete: whether no picture is among what is left out
    """

    stored: int = 0
    present: int = 0
    problems: list[str] = field(default_factory=list)
    complete: bool = True


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
    Import the pictures, or sounds, of a folder; a sound may become several clips.

    Pictures that their label already contains are skipped, so an import that was interrupted can
    be repeated.

    :param folder: another dataset, or a folder with one subfolder of pictures for each label
    :param label: if given, the pictures that are directly in the folder get this label
    :raises ValueError: if the label is not allowed, or the folder contains no pictures;
        also says what else is in it
    :raises QuotaError: if the dataset is full; the frames that are stored by then stay
    :raises OSError: if the folder cannot be read, or nothing can be written
    """
    folder = Path(folder).expanduser().absolute()
    label = distinct_label(label, dataset.counts()) if label else ''
    listing = _pictures_in(folder, label, dataset.medium)
    result, left_out, failures = ImportResult(), LeftOut(), Failures()
    present = {(frame.label, frame.sha256) for frame in dataset.frames()}
    for done, frame in enumerate(_with_new_labels(dataset, listing.frames, left_out)):
        on_progress(done, len(listing.frames))
        try:
            for part in dataset.medium.parts(frame.path):
                _store_part(dataset, frame, part, (present, result))
        except ValueError as error:
            # Without the path, since pictures with one reason share a sentence.
            failures.add(frame.path, str(error).removeprefix(f'{frame.path} '))
        except QuotaError as error:
            rest = [*listing.left_out, *left_out.pictures(), *failures.sentences()]
            raise QuotaError(as_text([str(error), *rest]) if rest else str(error)) from error
    lost = [*listing.problems, *left_out.pictures(), *failures.sentences()]
    result.problems, result.complete = [*lost, *listing.notes], not lost
    return result


def _store_part(
    dataset: Dataset, frame: LabelledFrame, part: Part, known: tuple[set[Key], ImportResult]
) -> None:
    """
    Store a part of a file from somewhere else, unless the dataset has it already.

    :param known: label and hash of each frame of the dataset, and the result; both are updated
    """
    present, result = known
    key = frame.label, hashlib.sha256(part.content).hexdigest()
    if key in present:
        result.present += 1
        return
    stamp_ns = frame.stamp_ns + part.offset_ns if frame.stamp_ns else 0
    recording = frame.recording or part.recording
    dataset.add_encoded(part.content, frame.label, stamp_ns, frame.topic, recording)
    present.add(key)
    result.stored += 1


def _with_new_labels(
    dataset: Dataset, frames: Sequence[LabelledFrame], left_out: LeftOut
) -> Iterator[LabelledFrame]:
    """Yield the frames that a dataset may get; the labels of the others are not allowed there."""
    allowed: set[str] = set()
    for frame in frames:
        if frame.label not in allowed:
            try:
                allowed.add(distinct_label(frame.label, dataset.counts()))
            except ValueError as error:
                left_out.add(frame.file, str(error))
                continue
        yield frame


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
    :raises ValueError: if label or dataset do not allow it, or the bag is damaged or has no topic
    :raises QuotaError: if the dataset is full; the frames that are stored by then stay
    :raises OSError: if the bag cannot be read, or nothing can be written
    """
    dataset.check_medium(IMAGES)
    label = distinct_label(label, dataset.counts())
    result, problems = ImportResult(), Counter[str]()
    present = {(one.stamp_ns, one.sha256) for one in dataset.frames() if one.label == label}
    for frame in _images(bag, topic, max_rate_hz, on_progress):
        if isinstance(frame, str):
            problems[frame] += 1
            continue
        png = encode_png(frame.image_bgr)
        if (frame.stamp_ns, hashlib.sha256(png).hexdigest()) in present:
            result.present += 1
        else:
            dataset.add_encoded(png, label, frame.stamp_ns, frame.source)
            result.stored += 1
    result.problems += [f'{times} images of {bag}: {reason}' for reason, times in problems.items()]
    result.complete = not problems
    return result


def import_zip(
    dataset: Dataset,
    path: str | Path,
    label: str = '',
    on_progress: OnProgress = lambda *_: None,
) -> ImportResult:
    """
    Import the pictures, or sounds, of a zip file, for example one of :func:`export_zip`.

    Pictures that their label already contains are skipped.

    :param path: the file, with a folder of pictures for each label
    :param label: if given, all pictures get this label
    :raises ValueError: if the label is not allowed, or the file is no zip file of pictures
    :raises QuotaError: if the dataset is full; the frames that are stored by then stay
    :raises OSError: if the file cannot be read, or nothing can be written
    """
    label = distinct_label(label, dataset.counts()) if label else ''
    archive = Archive(Path(path).expanduser().absolute(), label, dataset.medium)
    result = ImportResult()
    present = {(frame.label, frame.sha256) for frame in dataset.frames()}
    for done, picture in enumerate(archive.pictures()):
        on_progress(done, archive.total)
        if picture is None:
            continue
        frame = LabelledFrame(Path(picture.name), picture.label, picture.stamp_ns, '', '')
        try:
            for part in picture.parts:
                _store_part(dataset, frame, part, (present, result))
        except ValueError as error:  # the label is reserved, or too similar to another one
            archive.left_out.add(picture.name, str(error))
    lost = archive.left_out.pictures()
    result.problems, result.complete = [*lost, *archive.left_out.others()], not lost
    return result


def _images(
    bag: str | Path, topic: str, max_rate_hz: float, on_progress: OnProgress
) -> Iterator[RecordedFrame | str]:
    """Yield the images of a bag, or the reason why one cannot be decoded."""
    due_ns = 0
    with Bag(bag) as opened:
        topic = opened.choose_topic(topic)
        total = opened.count(topic)
        for done, message in enumerate(opened.images([topic])):
            on_progress(done, total)
            try:
                frame = opened.frame(message)
            except ValueError as error:
                yield str(error)
                continue
            if frame.stamp_ns >= due_ns:
                due_ns = frame.stamp_ns + round(1e9 / max_rate_hz) if max_rate_hz > 0.0 else 0
                yield frame


def export_zip(folder: str | Path, path: str | Path, label: str = '') -> int:
    """
    Write frames or clips, manifest and a sample program to a zip file, inside a folder with the
    name of the dataset.

    :param folder: a dataset, or any folder of labelled pictures
    :param path: the zip file; an existing one is replaced
    :param label: if given, only the frames of this label
    :returns: number of frames
    :raises ValueError: if no frames have the label
    :raises OSError: if the file cannot be written, or a picture cannot be read; nothing is left
        behind
    """
    folder, path = Path(folder).expanduser().absolute(), Path(path).expanduser().absolute()
    listing = read_frames(folder)
    frames = listing.frames
    if label:
        frames = tuple(frame for frame in frames if frame.label == label)
        if not frames:
            raise ValueError(f'no {listing.medium.words.items} have the label {label}')
    try:
        with atomic_stream(path) as stream:
            _write_zip(stream, folder.name, frames, listing.medium)
    except OSError as error:
        raise type(error)(
            f'the dataset {folder} cannot be exported to {path}: {error.strerror}'
        ) from error
    return len(frames)


def _pictures_in(folder: Path, label: str, medium: Medium) -> Listing:
    """List the pictures of a folder with their labels; ValueError if there are none."""
    files = medium.words.files
    if label:
        if not folder.is_dir():
            raise FileNotFoundError(f'there is no folder {folder}')
        left_out = LeftOut()
        paths = sorted(pictures_in(folder, left_out, medium), key=natural_order)
        frames = tuple(LabelledFrame(path, label, 0, '', '') for path in paths)
        listing = Listing(frames, left_out.pictures(), False, left_out.others(), medium)
        reason = f'{folder} contains no {files}'
    else:
        listing = read_frames(folder, medium)
        reason = f'{folder} contains no subfolders with {files}, one for each label'
    if not listing.frames:
        raise ValueError(as_text([reason, *listing.left_out]) if listing.left_out else reason)
    return listing


def _write_zip(
    stream: IO[bytes], name: str, frames: Sequence[LabelledFrame], medium: Medium
) -> None:
    with zipfile.ZipFile(stream, 'w', strict_timestamps=False) as archive:
        for frame in frames:
            # Without compression, since pictures are already compressed.
            archive.write(frame.path, f'{name}/{frame.file}')
        archive.writestr(f'{name}/{MANIFEST}', manifest_of(frames))
        used = USE_SOUND_DATASET if medium is SOUNDS else USE_DATASET
        archive.writestr(f'{name}/{USE_DATASET}', program(used))
