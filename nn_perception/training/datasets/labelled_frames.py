"""
Labelled frames on disk, as anyone may read them.

A data set is a folder of pictures, ``<label>/<stamp>_<n>.png``, that any tool can read. Beside
them lies a manifest with a line of JSON for each. A folder without one is as good, only that
nothing is known of when its pictures were taken. Writing is done by
:class:`nn_perception.training.datasets.dataset.Dataset`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
import hashlib
import json
from pathlib import Path
import re

from nn_perception.core.files.locks import shared_lock
from nn_perception.core.files.names import checked_name
from nn_perception.core.imaging.image_files import read_image
from nn_perception.sources.photographs import PHOTO_SUFFIXES

MANIFEST = 'manifest.jsonl'
# Held by a reader together with others while it lists, by the writer alone while it changes.
LOCK = '.lock'
# What the manifest knows of a file: label, stamp, topic, hash.
Entry = tuple[str, int, str, str]
STORED_NAME = re.compile(r'(\d+)_(\d+)\.png')


@dataclass(frozen=True)
class Sample:
    """
    A labelled frame.

    :param path: the picture
    :param label: what it shows
    :param stamp_ns: when it was taken, nanoseconds; 0 if that is not known
    :param topic: where it came from, empty if that is not known
    :param sha256: hash of the file, hexadecimal
    """

    path: Path
    label: str
    stamp_ns: int
    topic: str
    sha256: str

    @property
    def file(self) -> str:
        """The path within the data set, as the manifest has it."""
        return f'{self.path.parent.name}/{self.path.name}'

    def manifest_line(self) -> str:
        """Write the line of the manifest, with its line break."""
        entry = {
            'file': self.file,
            'label': self.label,
            'stamp': self.stamp_ns,
            'topic': self.topic,
            'sha256': self.sha256,
        }
        return json.dumps(entry) + '\n'


@dataclass(frozen=True)
class Listing:
    """
    What a folder of labelled frames holds.

    :param samples: in the order in which they were stored; without a manifest by name
    :param problems: a sentence for each thing that is not as it should be
    :param whole: whether the manifest has a good line for each picture, and no other
    """

    samples: tuple[Sample, ...]
    problems: tuple[str, ...]
    whole: bool

    @property
    def sha256(self) -> str:
        """Hash of the manifest, hexadecimal; it changes with every picture and label."""
        return hashlib.sha256(manifest_of(self.samples)).hexdigest()


def manifest_of(samples: Sequence[Sample]) -> bytes:
    """Write the manifest of samples, a line each."""
    return ''.join(sample.manifest_line() for sample in samples).encode()


def read_samples(folder: Path) -> Listing:
    """
    List the labelled frames of a data set or of any folder of pictures; change nothing.

    While another process writes, the state before or after a change is seen, none in between.

    :raises OSError: if the folder cannot be read
    """
    with shared_lock(folder / LOCK):
        return list_samples(folder)


def list_samples(folder: Path) -> Listing:
    """
    List the labelled frames of a folder that nobody changes meanwhile.

    :raises OSError: if the folder cannot be read
    """
    try:
        pictures, problems = _find_pictures(folder)
        known, broken = _read_manifest(folder)
    except OSError as error:
        raise type(error)(f'the data set {folder} cannot be read: {error.strerror}') from error
    gone = [file for file in known if file not in pictures]
    # A picture that somebody moved to another label has a line that is wrong.
    samples = [
        Sample(pictures.pop(file)[0], *entry)
        for file, entry in known.items()
        if file in pictures and pictures[file][1] == entry[0]
    ]
    for path, label in pictures.values():
        try:
            samples.append(_sample_of(path, label))
        except OSError as error:
            problems.append(f'{path} cannot be read: {error.strerror}')
    if broken:
        problems.append(f'the manifest of {folder.name} has damaged lines: {broken}')
    if gone:
        problems.append(
            f'the manifest of {folder.name} names pictures that are gone: {_some(gone)}'
        )
    if pictures and (folder / MANIFEST).exists():
        problems.append(f'the manifest of {folder.name} lacks pictures: {_some(list(pictures))}')
    return Listing(tuple(samples), tuple(problems), not (broken or pictures or gone))


def check_samples(samples: Sequence[Sample]) -> tuple[list[Sample], list[str]]:
    """
    Read each picture and see whether it is whole and as it was stored.

    :returns: the whole ones, those that somebody changed with their new hash; and a sentence for
        each that is damaged, gone or changed
    """
    whole, problems = [], []
    for sample in samples:
        try:
            read_image(sample.path)
            sha256 = hash_file(sample.path)
        except (OSError, ValueError) as error:
            problems.append(str(error))
            continue
        if sha256 != sample.sha256:
            problems.append(f'{sample.path} was changed since it was stored')
        whole.append(replace(sample, sha256=sha256))
    return whole, problems


def hash_file(path: Path) -> str:
    """
    Hash a file.

    :returns: SHA-256, hexadecimal
    :raises OSError: if it cannot be read
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _find_pictures(folder: Path) -> tuple[dict[str, tuple[Path, str]], list[str]]:
    """Find ``<label>/<name>`` -> path and label, by name; say which folders are no label."""
    pictures, problems = {}, []
    for subfolder in sorted(path for path in folder.iterdir() if path.is_dir()):
        if subfolder.name.startswith('.'):
            continue
        try:
            label = checked_name(subfolder.name, 'label')
        except ValueError as error:
            problems.append(f'the folder {subfolder} is left out: {error}')
            continue
        for path in sorted(subfolder.iterdir()):
            named_well = path.name[0] != '.' and path.suffix.lower() in PHOTO_SUFFIXES
            if named_well and path.is_file():
                pictures[f'{subfolder.name}/{path.name}'] = path, label
    return pictures, problems


def _read_manifest(folder: Path) -> tuple[dict[str, Entry], int]:
    """Read file -> label, stamp, topic and hash; count the damaged lines."""
    try:
        content = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        return {}, 0
    entries: dict[str, Entry] = {}
    lines = content.split(b'\n')
    # After the last line break there is nothing, unless writing was cut off there.
    broken = int(bool(lines.pop()))
    for line in lines:
        try:
            file, entry = _parse(line)
        except (ValueError, KeyError, TypeError):
            broken += 1
        else:
            entries[file] = entry
    return entries, broken


def _parse(line: bytes) -> tuple[str, Entry]:
    """
    Read one line of the manifest.

    :raises ValueError, KeyError, TypeError: if it is damaged
    """
    read = json.loads(line)
    texts = [read[key] for key in ('file', 'label', 'topic', 'sha256')]
    stamp_ns = read['stamp']
    if not all(isinstance(text, str) for text in texts) or type(stamp_ns) is not int:
        raise TypeError('a value is of another type')
    file, label, topic, sha256 = texts
    return file, (label, stamp_ns, topic, sha256)


def _sample_of(path: Path, label: str) -> Sample:
    """Describe a picture of which nothing is written; our own names still tell the stamp."""
    own = STORED_NAME.fullmatch(path.name)
    return Sample(path, label, int(own[1]) if own else 0, '', hash_file(path))


def _some(names: Sequence[str]) -> str:
    """Name the first and say how many more there are."""
    return names[0] if len(names) == 1 else f'{names[0]} and {len(names) - 1} more'
