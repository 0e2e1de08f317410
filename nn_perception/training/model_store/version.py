"""One version of a taught model: a folder with checkpoint, report and origin."""

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
from nn_perception.core.inference.checkpoint import Checkpoint

CHECKPOINT = 'checkpoint.safetensors'
REPORT = 'report.json'
PICTURE = 'report.png'
# What the store itself knows of a version.
ORIGIN = 'origin.json'
# How the name of what is being made or taken away begins.
TEMPORARY = '.tmp-'
VERSION = re.compile(r'\d{8}T\d{6}-[0-9a-f]{6}')
TIME_FORMAT = '%Y%m%dT%H%M%S'


@dataclass(frozen=True)
class Version:
    """
    A taught model.

    :param name: of the model
    :param version: when it was taught and the beginning of the checkpoint's hash; sorts by time
    :param folder: where it lies
    :param labels: what it can tell apart
    :param accuracy: on frames that it was not taught with, in ``[0, 1]``; None if not known
    :param trained_at_ns: nanoseconds since 1970
    :param manifest_sha256: hash of the manifest of the frames that it was taught with
    :param active: whether it was the active one when this was read
    """

    name: str
    version: str
    folder: Path
    labels: tuple[str, ...]
    accuracy: float | None
    trained_at_ns: int
    manifest_sha256: str
    active: bool

    @property
    def checkpoint(self) -> Path:
        """The file of the checkpoint."""
        return self.folder / CHECKPOINT

    def report(self) -> dict[str, Any]:
        """
        Read the report of the training.

        :raises OSError: if it cannot be read
        :raises ValueError: if it is damaged
        """
        return _read_json(self.folder / REPORT)


def version_names(folder: Path) -> list[str]:
    """
    List the versions by name and so by time, without looking into them.

    :param folder: of the model
    :returns: empty if there is no such folder
    """
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if VERSION.fullmatch(path.name))


def read_version(folder: Path, version: str, *, active: bool) -> Version:
    """
    Read and check a version.

    :param folder: of the model
    :param active: whether it is the active one
    :raises ValueError: if it is damaged or gone
    """
    place = folder / version
    try:
        origin = _read_json(place / ORIGIN)
        _read_json(place / REPORT)
        checkpoint = Checkpoint.read(place / CHECKPOINT)
        if checkpoint.sha256 != origin['checkpoint_sha256']:
            raise ValueError('its checkpoint is not the one that was stored')
        return Version(
            name=folder.name,
            version=version,
            folder=place,
            labels=checkpoint.labels,
            accuracy=_accuracy(origin),
            trained_at_ns=int(origin['trained_at']),
            manifest_sha256=str(origin['manifest_sha256']),
            active=active,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f'version {version} of {folder.name} is damaged: {error}') from error


def write_version(
    folder: Path, content: bytes, report: Mapping[str, Any], manifest_sha256: str
) -> str:
    """
    Write a version into a hidden folder, then give it its name.

    :param folder: of the model, which nobody else changes meanwhile
    :param content: what a checkpoint file holds
    :param report: of the training; can be written as JSON
    :param manifest_sha256: hash of the manifest of the frames that it was taught with
    :returns: the name of the version
    :raises ValueError: if the checkpoint is not usable, or the report no JSON
    :raises OSError: if it cannot be written; nothing is left behind then
    """
    now_ns = time.time_ns()
    sha256 = hashlib.sha256(content).hexdigest()
    origin = {
        'trained_at': now_ns,
        'manifest_sha256': manifest_sha256,
        'checkpoint_sha256': sha256,
        'accuracy': _accuracy(report),
    }
    version = f'{_next_time(folder, now_ns // 1_000_000_000)}-{sha256[:6]}'
    temporary = folder / f'{TEMPORARY}{version}'
    try:
        temporary.mkdir()
        write_atomically(temporary / REPORT, _json(report))
        write_atomically(temporary / ORIGIN, _json(origin))
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
        raise ValueError(f'the checkpoint is refused: {reason}') from error


def _next_time(folder: Path, now_s: int) -> str:
    """Name this second, or the one after the newest version's, should the clock be behind it."""
    newest = [
        calendar.timegm(time.strptime(version.partition('-')[0], TIME_FORMAT)) + 1
        for version in version_names(folder)[-1:]
    ]
    return time.strftime(TIME_FORMAT, time.gmtime(max([now_s, *newest])))


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
        raise ValueError(f'the report cannot be written as JSON: {error}') from error


def _read_json(path: Path) -> dict[str, Any]:
    values = json.loads(path.read_bytes())
    if not isinstance(values, dict):
        raise ValueError(f'{path} holds no JSON object')
    return values
