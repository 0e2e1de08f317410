"""Find models by name: shipped with the package, checkpoint files, and torchvision models."""

from __future__ import annotations

from dataclasses import dataclass
import difflib
import importlib.util
import logging
import os
from pathlib import Path
import re
import shutil
import tempfile

from nn_perception.core.command_name import command_name
from nn_perception.core.files.atomic import write_atomically
from nn_perception.core.files.authentication import Authenticator, codes_match
from nn_perception.core.files.folders import cache_folder, trusted_folder, WEIGHTS_FOLDER
from nn_perception.core.files.locks import lock
from nn_perception.core.inference.checkpoint import Checkpoint, SUFFIX
from nn_perception.core.inference.export_cache import find_export
from nn_perception.core.networks.build import KEYPOINT_RCNN, TORCHVISION_PREFIX
from nn_perception.core.subprocess import run_subprocess, SubprocessError

LOG = logging.getLogger(__name__)

CODE_SUFFIX = '.hmac'
MODEL_NAME = re.compile(r'[A-Za-z0-9_]{1,64}')
# How the sources of torchvision register a model; other decorators may be in between.
REGISTERED = re.compile(r'^@register_model\(\)\n(?:@.*\n)*def (\w+)\(', re.MULTILINE)


@dataclass(frozen=True)
class ModelEntry:
    """
    A model on this machine.

    :param name: name by which commands and nodes find it
    :param origin: ``shipped``, ``torchvision`` or ``taught``, which is a fine-tuned model
    :param path: path of the checkpoint
    :param size_bytes: size of the checkpoint
    :param labels: number of labels
    :param version: which training the weights come from
    :param licence: licence of the weights
    :param export: path of the cached export; None if there is none
    :param export_bytes: size of the cached export; 0 if there is none
    :param error: why the checkpoint is unusable; empty if it is usable
    """

    name: str
    origin: str
    path: Path
    size_bytes: int
    labels: int = 0
    version: str = ''
    licence: str = ''
    export: Path | None = None
    export_bytes: int = 0
    error: str = ''


def find_checkpoint(model: str) -> Checkpoint:
    """
    Find a model.

    A torchvision model is downloaded once and cached as a checkpoint.

    :param model: name of a shipped model, path of a checkpoint, or name of a torchvision
        classification model or its Keypoint R-CNN, with or without the prefix ``torchvision:``
    :raises OSError: if a file cannot be read or weights are unavailable
    :raises ValueError: if there is no such model, or its checkpoint is not usable
    """
    shipped = WEIGHTS_FOLDER / f'{model}{SUFFIX}'
    name = model.removeprefix(TORCHVISION_PREFIX)
    if is_path(model):
        return Checkpoint.read(Path(model).expanduser())
    if MODEL_NAME.fullmatch(model) and shipped.is_file():
        return Checkpoint.read(shipped)
    if not MODEL_NAME.fullmatch(name):
        raise ValueError(unknown_model(model, []))
    return _torchvision_checkpoint(name)


def is_path(model: str) -> bool:
    """
    Tell the path of a checkpoint from the name of a model.

    A file in the current folder that happens to have the name of a model is not meant.
    """
    if model.endswith(SUFFIX) or os.sep in model:
        return True
    return Path(model).is_file() and not (
        (WEIGHTS_FOLDER / f'{model}{SUFFIX}').is_file()
        or model.removeprefix(TORCHVISION_PREFIX) in torchvision_names()
    )


def list_models() -> list[ModelEntry]:
    """List the models on this machine by name, shipped models first."""
    groups = (('shipped', WEIGHTS_FOLDER), ('torchvision', torchvision_folder()))
    return [
        entry_of(path, origin)
        for origin, folder in groups
        for path in sorted(folder.glob(f'[!.]*{SUFFIX}'))
    ]


def torchvision_folder() -> Path:
    """Return the folder of the cached torchvision checkpoints, without creating it."""
    return cache_folder() / 'torchvision'


def torchvision_names() -> list[str]:
    """
    List the names of torchvision's classification models, without importing torchvision.

    :returns: sorted; empty if torchvision is not installed
    """
    found = importlib.util.find_spec('torchvision')
    folders = (found.submodule_search_locations if found else None) or []
    sources = (path for folder in folders for path in Path(folder, 'models').glob('*.py'))
    return sorted(
        name
        for source in sources
        for name in REGISTERED.findall(source.read_text(encoding='utf-8'))
    )


def unknown_model(name: str, known: list[str]) -> str:
    """Return the message for an unknown model, with similar names."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    hint = f'did you mean {" or ".join(near)}? ' if near else ''
    return (
        f"unknown model '{name}': {hint}a model is a name that '{command_name()} models' lists, "
        'the path of a checkpoint, or the name of a torchvision classification model'
    )


def entry_of(path: Path, origin: str) -> ModelEntry:
    """Describe a checkpoint file; an unusable one gets an error."""
    name = path.name.removesuffix(SUFFIX)
    try:
        size = path.stat().st_size
        checkpoint = Checkpoint.read(path)
    except (OSError, ValueError) as error:
        return ModelEntry(name, origin, path, 0, error=str(error))
    export = find_export(checkpoint)
    return ModelEntry(
        name=name,
        origin=origin,
        path=path,
        size_bytes=size,
        labels=len(checkpoint.labels),
        version=checkpoint.version,
        licence=checkpoint.licence,
        export=export,
        export_bytes=export.stat().st_size if export else 0,
    )


def _torchvision_checkpoint(name: str) -> Checkpoint:
    """Read the cached checkpoint of a torchvision model; create it if missing or damaged."""
    folder = torchvision_folder()
    path = folder / f'{name}{SUFFIX}'
    try:
        if path.exists() and (cached := _read_cached(path)) is not None:
            return cached
    except OSError as error:
        raise _unusable(folder, error) from error
    known = torchvision_names()
    if not known:
        raise ValueError(
            f"unknown model '{name}': it does not ship with nn_perception, and others need the "
            'Python package torchvision, which is missing'
        )
    if name not in known and TORCHVISION_PREFIX + name != KEYPOINT_RCNN:
        shipped = [file.name.removesuffix(SUFFIX) for file in WEIGHTS_FOLDER.glob(f'*{SUFFIX}')]
        raise ValueError(unknown_model(name, known + shipped))
    try:
        trusted_folder(folder)
        with lock(folder / f'{name}.lock'):
            # Another process may have created it while this one waited for the lock.
            return _read_cached(path) or _create(name, path)
    except OSError as error:
        if error.errno is None and not isinstance(error, PermissionError):
            raise  # raised below, with a message of its own
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: OSError) -> OSError:
    return OSError(
        f'the cache folder {folder} cannot be used ({error.strerror or error}); set '
        'NN_PERCEPTION_CACHE to a folder that can be written, by you only'
    )


def _read_cached(path: Path) -> Checkpoint | None:
    """
    Read a checkpoint that this user's processes have created; None if there is none.

    :raises OSError: if others can change the folder, or it cannot be read
    """
    trusted_folder(path.parent)
    try:
        checkpoint = Checkpoint.read(path)
        found = path.with_suffix(CODE_SUFFIX).read_text(encoding='ascii', errors='replace')
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        LOG.warning('%s; it is created again', error)
        return None
    if codes_match(found, _code(checkpoint)):
        return checkpoint
    LOG.warning('%s was not created here, or its key is missing; it is created again', path)
    return None


def _code(checkpoint: Checkpoint) -> str:
    """Compute the authentication code of a cached checkpoint under its name."""
    return Authenticator(cache_folder()).code_of_text(
        f'torchvision {checkpoint.name} {checkpoint.sha256}'
    )


def _create(name: str, path: Path) -> Checkpoint:
    LOG.info('loading the torchvision model %s for the first time, which takes some seconds', name)
    prefix = f'.create-{name}-'
    for leftover in path.parent.glob(f'{prefix}*'):  # of a process that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory(prefix=prefix, dir=path.parent) as temporary:
            run_subprocess(
                'nn_perception.core.inference.torchvision_checkpoint',
                [name, str(path)],
                Path(temporary),
            )
    except SubprocessError as error:
        raise OSError(str(error)) from error
    checkpoint = Checkpoint.read(path)
    write_atomically(path.with_suffix(CODE_SUFFIX), _code(checkpoint).encode())
    return checkpoint
