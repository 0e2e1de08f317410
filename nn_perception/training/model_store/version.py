"""One version of a fine-tuned model: a folder with its checkpoint, report and provenance."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
import json
import os
from pathlib import Path
import re
import shutil
import time
from typing import Any

from nn_perception.core.files.atomic import sync_folder, write_atomically
from nn_perception.core.files.private import FOLDER_MODE
from nn_perception.core.files.untrusted import parse_json, read_regular
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.quoting import quoted

CHECKPOINT = 'checkpoint.safetensors'
REPORT = 'report.json'
PLOTS = 'report.png'
# Written by the store itself.
PROVENANCE = 'origin.json'
# Start of the name of anything that is being created or deleted.
TEMPORARY = '.tmp-'
VERSION = re.compile(r'\d{8}T\d{6}-[0-9a-f]{6}')
# What a time in a ROS message can hold.
END_OF_TIME_NS = (1 << 31) * 1_000_000_000
TIME_FORMAT = '%Y%m%dT%H%M%S'


@dataclass(frozen=True)
class Version:
    """
    A version of a fine-tuned model.

    :param name: name of the model
    :param version: time of the training, and the start of the checkpoint's hash; sorts by time
    :param folder: folder of the version
    :param checkpoint: checkpoint file
    :param labels: labels of the model
    :param accuracy: accuracy on held-out frames, in ``[0, 1]``; None if unknown
    :param trained_at_ns: time of the training, nanoseconds since 1970
    :param manifest_sha256: hash of the dataset's manifest
    :param active: whether this was the active version when it was read
    """

    name: str
    version: str
    folder: Path
    checkpoint: Path
    labels: tuple[str, ...]
    accuracy: float | None
    trained_at_ns: int
    manifest_sha256: str
    active: bool

    def report(self) -> dict[str, Any]:
        """
        Read the report of the training.

        :raises OSError: if the file cannot be read
        :raises ValueError: if the file is damaged
        """
        return _read_json(self.folder / REPORT)


def version_names(folder: Path) -> list[str]:
    """
    List the versions of a model by name, which is by time, without reading them.

    :param folder: folder of the model
    :returns: empty if the folder does not exist
    """
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if VERSION.fullmatch(path.name))


def read_version(folder: Path, version: str, *, active: bool) -> Version:
    """
    Read and check a version.

    :param folder: folder of the model
    :param active: whether this is the active version
    :raises ValueError: if the version is damaged, or does not exist
    """
    place = folder / version
    try:
        provenance = _read_json(place / PROVENANCE)
        _read_json(place / REPORT)
        checkpoint = Checkpoint.read(place / CHECKPOINT)
        if checkpoint.sha256 != provenance['checkpoint_sha256']:
            raise ValueError('its checkpoint has changed since it was stored')
        return Version(
            name=folder.name,
            version=version,
            folder=place,
            checkpoint=checkpoint.path,
            labels=checkpoint.labels,
            accuracy=_accuracy(provenance),
            trained_at_ns=_time_ns(provenance),
            manifest_sha256=str(provenance['manifest_sha256']),
            active=active,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f'version {version} of {folder.name} is damaged: {error}') from error


def write_version(
    folder: Path, content: bytes, report: Mapping[str, Any], manifest_sha256: str
) -> str:
    """
    Write a version into a hidden folder, then rename the folder.

    :param folder: folder of the model, which nobody else may change meanwhile
    :param content: content of the checkpoint file
    :param report: report of the training; must be JSON
    :param manifest_sha256: hash of the dataset's manifest
    :returns: the name of the version
    :raises ValueError: if the checkpoint is not usable, or the report is not JSON
    :raises OSError: if the version cannot be written; nothing is left behind
    """
    now_ns = time.time_ns()
    sha256 = hashlib.sha256(content).hexdigest()
    provenance = {
        'trained_at': now_ns,
        'manifest_sha256': manifest_sha256,
        'checkpoint_sha256': sha256,
        'accuracy': _accuracy(report),
    }
    version = f'{_next_time(folder, now_ns // 1_000_000_000)}-{sha256[:6]}'
    temporary = folder / f'{TEMPORARY}{version}'
    try:
        temporary.mkdir(FOLDER_MODE)
        write_atomically(temporary / REPORT, _json(report))
        write_atomically(temporary / PROVENANCE, _json(provenance))
        write_atomically(temporary / CHECKPOINT, content)
        _check_usable(temporary / CHECKPOINT)
        os.rename(temporary, folder / version)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(folder)
    return version


def _check_usable(path: Path) -> None:
    try:
        Checkpoint.read(path).weights()
    except ValueError as error:
        reason = str(error).replace(str(path), 'it')
        raise ValueError(f'the checkpoint was rejected: {reason}') from error


def _next_time(folder: Path, now_s: int) -> str:
    """Return this second, or the one after the newest version if the clock is behind it."""
    newest = [
        calendar.timegm(time.strptime(version.partition('-')[0], TIME_FORMAT)) + 1
        for version in version_names(folder)[-1:]
    ]
    return time.strftime(TIME_FORMAT, time.gmtime(max([now_s, *newest])))


def _time_ns(provenance: Mapping[str, Any]) -> int:
    time_ns = provenance['trained_at']
    if type(time_ns) is not int or not 0 <= time_ns < END_OF_TIME_NS:
        raise ValueError(f'the time of its training is {quoted(str(time_ns))}')
    return time_ns


def _accuracy(values: Mapping[str, Any]) -> float | None:
    accuracy = values.get('accuracy')
    if accuracy is None:
        return None
    if not isinstance(accuracy, (int, float)) or not 0.0 <= accuracy <= 1.0:
        raise ValueError(f'an accuracy must be in [0, 1], got {accuracy!r}')
    return float(accuracy)


def _json(values: Mapping[str, Any]) -> bytes:
    try:
        return (json.dumps(dict(values), indent=2, allow_nan=False) + '\n').encode()
    except (TypeError, ValueError) as error:
        raise ValueError(f'the report is not JSON: {error}') from error


def _read_json(path: Path) -> dict[str, Any]:
    # A report may name files.
    values = parse_json(read_regular(path), any_text=True)
    if not isinstance(values, dict):
        raise ValueError(f'{path} does not contain a JSON object')
    return values
