"""
Labelled frames on disk, for readers.

A dataset is a folder of pictures, ``<label>/<stamp>_<n>.png``, or of sounds, ``.wav``, which any
tool can open. A manifest beside them holds one JSON object a line, for each picture. A folder
without a manifest works as well; only the time and the topic of its pictures are unknown.
:class:`nn_perception.training.datasets.dataset.Dataset` is the writer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import hashlib
import json
from pathlib import Path
import re

from nn_perception.capabilities.tagging.out_of_distribution import UNKNOWN
from nn_perception.core.files.locks import shared_lock
from nn_perception.core.files.names import checked_label, folded_name, reserved_name
from nn_perception.training.datasets.media.detection import medium_of_folder
from nn_perception.training.datasets.media.folders import find_pictures
from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.datasets.media.pictures import IMAGES
from nn_perception.training.export.sample_programs import USE_DATASET

MANIFEST = 'manifest.jsonl'
# Readers share it while they list; the writer holds it alone while it changes something.
LOCK = '.lock'
# Held while a dataset is open. Not LOCK, since readers wait for that one.
WRITER_LOCK = '.writer'
# The sample program comes with a dataset that was exported.
OWN_FILES = frozenset({MANIFEST, LOCK, WRITER_LOCK, USE_DATASET})
HASHED_BYTES = 1 << 20
# Label, stamp, topic, hash and recording of a picture, from the manifest.
ManifestEntry = tuple[str, int, str, str, str]
STORED_NAME = re.compile(r'(\d+)_(\d+)\.(?:png|wav)')


@dataclass(frozen=True)
class LabelledFrame:
    """
    A picture with its label, or a clip of sound with what is heard in it.

    :param path: file of the picture
    :param label: what the picture shows
    :param stamp_ns: capture time in nanoseconds; 0 if unknown
    :param topic: topic that the frame came from; empty if unknown
    :param sha256: hash of the file, hexadecimal
    :param recording: which recording, or speaker, a clip is from; empty if unknown
    """

    path: Path
    label: str
    stamp_ns: int
    topic: str
    sha256: str
    recording: str = ''

    @property
    def file(self) -> str:
        """The path within the dataset, as in the manifest."""
        return f'{self.path.parent.name}/{self.path.name}'

    @property
    def id(self) -> str:
        """Identifies it within the dataset: the file, with escapes for what is no text."""
        return self.file.encode('utf-8', 'backslashreplace').decode('utf-8')

    def manifest_line(self) -> str:
        """Return the line of the manifest, with its line break."""
        entry = {
            'file': self.file,
            'label': self.label,
            'stamp': self.stamp_ns,
            'topic': self.topic,
            'sha256': self.sha256,
        }
        if self.recording:
            entry['recording'] = self.recording
        return json.dumps(entry) + '\n'


@dataclass(frozen=True)
class Listing:
    """
    The contents of a folder of labelled frames.

    :param frames: in the order in which they were stored; without a manifest, sorted by name
    :param problems: which pictures are left out and why, and defects of the folder, a sentence
        for each reason
    :param complete: whether the manifest has exactly one valid line for each picture
    :param notes: which other files and folders are left out and why
    :param medium: whether they are pictures or sounds
    """

    frames: tuple[LabelledFrame, ...]
    problems: tuple[str, ...]
    complete: bool
    notes: tuple[str, ...] = ()
    medium: Medium = IMAGES

    @property
    def left_out(self) -> tuple[str, ...]:
        """Problems and notes."""
        return self.problems + self.notes

    @property
    def sha256(self) -> str:
        """Hash of the manifest, hexadecimal; it changes with every picture and label."""
        return hashlib.sha256(manifest_of(self.frames)).hexdigest()


def manifest_of(frames: Sequence[LabelledFrame]) -> bytes:
    """Return the content of the manifest of these frames."""
    return ''.join(frame.manifest_line() for frame in frames).encode()


def medium_in(folder: Path) -> Medium | None:
    """Find out whether a folder holds pictures or sounds; None if it holds neither."""
    return medium_of_folder(folder, MANIFEST)


def read_frames(folder: Path, medium: Medium | None = None) -> Listing:
    """
    List the labelled frames of a dataset, or of any folder of pictures; change nothing.

    While another process writes, the result is the state before or after its change.

    :param medium: of pictures or of sounds; by default, what the folder holds
    :raises OSError: if the folder cannot be read
    """
    with shared_lock(folder / LOCK):
        return list_frames(folder, medium or medium_in(folder) or IMAGES)


def list_frames(folder: Path, medium: Medium = IMAGES) -> Listing:
    """
    List the labelled frames of a folder that nobody changes meanwhile.

    :raises OSError: if the folder cannot be read
    """
    try:
        pictures, left_out = find_pictures(folder, OWN_FILES, medium)
        known, damaged = _read_manifest(folder)
    except OSError as error:
        raise type(error)(f'the dataset {folder} cannot be read: {error.strerror}') from error
    missing = [file for file in known if file not in pictures]
    # Somebody may have moved a picture to another label; its line is wrong then.
    frames = [
        LabelledFrame(pictures.pop(file)[0], *entry)
        for file, entry in known.items()
        if file in pictures and pictures[file][1] == entry[0]
    ]
    for path, label in pictures.values():
        try:
            frames.append(_describe(path, label, medium))
        except OSError as error:
            left_out.add(f'{label}/{path.name}', f'it cannot be read ({error.strerror})')
    problems = [*left_out.pictures()]
    manifest, files = f'the manifest of {folder.name}', medium.words.files
    if damaged:
        problems.append(f'{manifest} has damaged lines: {damaged}')
    if missing:
        problems.append(f'{manifest} lists {files} that do not exist: {_some(missing)}')
    if pictures and (folder / MANIFEST).exists():
        problems.append(f'{manifest} does not list all {files}: {_some(list(pictures))}')
    complete = not (damaged or missing or pictures)
    return Listing(tuple(frames), tuple(problems), complete, left_out.others(), medium)


def distinct_label(text: str, existing: Iterable[str]) -> str:
    """
    Check that frames may get a label, and that it cannot be mistaken for another one.

    :param existing: the labels of the dataset
    :returns: the label in Unicode's normal form C
    :raises ValueError: if the label is not allowed or reserved, or differs from an existing one
        only in what some file systems do not distinguish or nobody can see
    """
    label = checked_label(text)
    alike = [other for other in existing if folded_name(other) == folded_name(label)]
    if label in alike:
        return label
    reason = _reserved_label(label)
    if reason:
        raise ValueError(f"'{label}' cannot be a label: {reason}; choose another one")
    if not alike:
        return label
    if alike[0].lower() == label.lower():
        raise ValueError(
            f'the label {label} differs from {alike[0]} only in capitals, which some file '
            f'systems do not distinguish; use {alike[0]}'
        )
    raise ValueError(
        f"the label '{label}' differs from '{alike[0]}' only in what cannot be seen or what some "
        'file systems leave out, such as spaces or a dot at the end; use the existing one'
    )


def _reserved_label(label: str) -> str:
    """Say why a safe label must not be given to frames; empty if it may."""
    if folded_name(label) == UNKNOWN:
        return 'unknown is reserved for frames that are unlike all training frames'
    if folded_name(label) in (MANIFEST, USE_DATASET):
        return 'a file of the dataset has that name'
    return reserved_name(label)


def hash_file(path: Path) -> str:
    """
    Hash a file.

    :returns: SHA-256, hexadecimal
    :raises OSError: if the file cannot be read
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as stream:
        while block := stream.read(HASHED_BYTES):  # a sound may be longer than the memory
            digest.update(block)
    return digest.hexdigest()


def _read_manifest(folder: Path) -> tuple[dict[str, ManifestEntry], int]:
    """Read the entry of each file, and count the damaged lines."""
    try:
        content = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        return {}, 0
    return read_lines(content)


def read_lines(content: bytes) -> tuple[dict[str, ManifestEntry], int]:
    """Read the lines of a manifest: the entry of each file, and the number of damaged lines."""
    entries: dict[str, ManifestEntry] = {}
    lines = content.split(b'\n')
    # Nothing follows the last line break, unless a write was cut off there.
    damaged = int(bool(lines.pop()))
    for line in lines:
        try:
            file, entry = _parse(line)
        except (ValueError, KeyError, TypeError, RecursionError):
            damaged += 1
        else:
            entries[file] = entry
    return entries, damaged


def _parse(line: bytes) -> tuple[str, ManifestEntry]:
    """
    Parse one line of the manifest.

    :raises ValueError, KeyError, TypeError, RecursionError: if the line is damaged
    """
    fields = json.loads(line)
    texts = [fields[key] for key in ('file', 'label', 'topic', 'sha256')]
    texts.append(fields.get('recording', ''))
    stamp_ns = fields['stamp']
    if not all(isinstance(text, str) for text in texts) or type(stamp_ns) is not int:
        raise TypeError('a value has the wrong type')
    if not 0 <= stamp_ns < 1 << 63:
        raise ValueError('a stamp has more than 64 bits')
    file, label, topic, sha256, recording = texts
    return file, (label, stamp_ns, topic, sha256, recording)


def _describe(path: Path, label: str, medium: Medium) -> LabelledFrame:
    """Describe a picture that is not in the manifest; names of ours still contain the stamp."""
    own, recording = STORED_NAME.fullmatch(path.name), medium.recording_of(path.name)
    return LabelledFrame(path, label, int(own[1]) if own else 0, '', hash_file(path), recording)


def _some(names: Sequence[str]) -> str:
    """Name the first, and say how many more there are."""
    return names[0] if len(names) == 1 else f'{names[0]} and {len(names) - 1} more'
