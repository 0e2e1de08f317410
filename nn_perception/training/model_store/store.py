"""
Versions of fine-tuned models, one of which is active.

A version is a folder, ``<store>/<name>/<version>/``, with the checkpoint, the report of the
training and its provenance. The folder gets its name when it is complete. ``active`` is a link to
one of the versions. It is replaced atomically, so that any number of processes can read meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import contextlib
import logging
import os
from pathlib import Path
import shutil
from typing import Any

from nn_perception.core.files.atomic import sync_folder, write_atomically
from nn_perception.core.files.folders import folder_of, make_folders
from nn_perception.core.files.locks import lock
from nn_perception.core.files.names import checked_name
from nn_perception.core.quoting import quoted
from nn_perception.training.model_store.version import (
    read_version,
    TEMPORARY,
    VERSION,
    Version,
    version_names,
    write_version,
)

LOG = logging.getLogger(__name__)

# Start of the name of a fine-tuned model where any model may be named.
STORE_PREFIX = 'store:'
# File in the folder of a version: the version that was active before it.
REPLACED = 'replaced'
ACTIVE = 'active'
LOCK = '.lock'


class ModelStore:
    """
    The fine-tuned models in a folder; any number of processes may use it at the same time.

    :param root: the folder; created when the first model is added
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().absolute()

    def names(self) -> list[str]:
        """List the models that have at least one version, sorted."""
        if not self.root.is_dir():
            return []
        folders = sorted(self.root.iterdir())
        return [path.name for path in folders if _is_name(path.name) and version_names(path)]

    def versions(self, name: str) -> list[Version]:
        """
        List the versions of a model, newest first; damaged ones are skipped and logged.

        :raises ValueError: if the name is not allowed
        """
        folder = self._folder(name)
        active = _active_if_any(folder)
        found, pruned = [], False
        for version in reversed(version_names(folder)):
            try:
                found.append(read_version(folder, version, active=version == active))
            except ValueError as error:
                if (folder / version).exists():
                    LOG.warning('skipped: %s', error)
                else:
                    pruned = True
        # If another process has pruned all that were listed, there are newer ones.
        return found if found or not pruned else self.versions(name)

    def add(
        self,
        name: str,
        checkpoint: bytes | str | Path,
        report: Mapping[str, Any],
        manifest_sha256: str,
    ) -> Version:
        """
        Store a new version, completely or not at all; it is not active yet.

        :param checkpoint: a checkpoint file, or its content
        :param report: report of the training; must be JSON, and may have an ``accuracy``
        :param manifest_sha256: hash of the dataset's manifest
        :raises ValueError: if the name is not allowed, or the checkpoint is not usable, for
            example because it is a pickle
        :raises OSError: if the version cannot be written; nothing is left behind
        """
        folder = self._folder(name)
        content = _content(checkpoint)
        with self._changing(folder):
            version = write_version(folder, content, report, manifest_sha256)
        return read_version(folder, version, active=False)

    def active_name(self, name: str) -> str | None:
        """
        Return the name of the active version without reading it; cheap enough for a timer.

        :returns: None if no version is active
        :raises ValueError: if the name is not allowed, or the link was not made by the store
        """
        return _read_link(self._folder(name) / ACTIVE)

    def active(self, name: str) -> Version | None:
        """
        Read the active version.

        :returns: None if no version is active
        :raises ValueError: if the name is not allowed, or the active version is damaged
        """
        while (version := self.active_name(name)) is not None:
            try:
                return read_version(self._folder(name), version, active=True)
            except ValueError:
                # Another version may have been activated meanwhile, and this one pruned.
                if self.active_name(name) == version:
                    raise
        return None

    def activate(self, name: str, version: str) -> Version:
        """
        Activate a version, atomically.

        :raises ValueError: if the version does not exist, or is damaged
        :raises OSError: if the link cannot be replaced; nothing has changed then
        """
        folder = self._folder(name)
        if version not in version_names(folder):
            known = ', '.join(version_names(folder)) or 'none'
            raise ValueError(f'{name} has no version {quoted(version)}; its versions are: {known}')
        with self._changing(folder):
            activated = read_version(folder, version, active=True)
            before = _active_if_any(folder)
            if before != version:
                # Before the link: if the process ends in between, the file has no effect.
                write_atomically(folder / version / REPLACED, (before or '').encode('ascii'))
                _replace_link(folder / ACTIVE, version)
        return activated

    def previous(self, name: str) -> str | None:
        """
        Return the version that was active before the active one.

        :returns: None if there was none, or it has been deleted
        :raises ValueError: if the name is not allowed
        """
        folder = self._folder(name)
        active = _active_if_any(folder)
        if active is None:
            return None
        try:
            before = (folder / active / REPLACED).read_text(encoding='ascii')
        except (OSError, ValueError):
            return None
        return before if before in version_names(folder) else None

    def roll_back(self, name: str) -> Version:
        """
        Activate the version that was active before; a second call undoes the first.

        :raises ValueError: if there is no such version, or it is damaged
        :raises OSError: if the link cannot be replaced; nothing has changed then
        """
        before = self.previous(name)
        if before is None:
            raise ValueError(f'{name} has no previously active version')
        return self.activate(name, before)

    def prune(self, name: str, keep: int) -> list[str]:
        """
        Delete old versions, except the active one and the one that was active before it.

        :param keep: number of newest versions that are kept as well, at least 1
        :returns: the deleted versions, oldest first
        :raises ValueError: if the name or the number is not allowed
        :raises OSError: if a version cannot be deleted
        """
        if keep < 1:
            raise ValueError(f'at least 1 version must be kept, got {keep}')
        folder = self._folder(name)
        if not folder.is_dir():
            return []
        with self._changing(folder):
            safe = {_active_if_any(folder), self.previous(name)}
            old = [version for version in version_names(folder)[:-keep] if version not in safe]
            for version in old:
                # Renaming is atomic; deleting the files is not.
                gone = folder / f'{TEMPORARY}{version}'
                os.rename(folder / version, gone)
                shutil.rmtree(gone)
        return old

    def _folder(self, name: str) -> Path:
        return self.root / checked_name(name, 'model', spaces=False)

    @contextlib.contextmanager
    def _changing(self, folder: Path) -> Iterator[None]:
        """Let one process at a time change a model; remove what a killed one left behind."""
        try:
            make_folders(folder)
            with lock(folder / LOCK):
                for leftover in sorted(folder.glob(f'{TEMPORARY}*')):
                    LOG.warning('removing %s, which was only partly written', leftover)
                    if leftover.is_symlink():
                        leftover.unlink()
                    else:
                        shutil.rmtree(leftover)
                yield
        except OSError as error:
            if error.errno is None:  # raised by this package, with a complete sentence
                raise
            raise type(error)(
                f'the model {folder} cannot be changed: {error.strerror}; its versions are intact'
            ) from error


def active_checkpoint(model: str, root: str | Path = '') -> str:
    """
    Find the checkpoint of the active version of ``store:NAME``.

    :param model: any other name is returned unchanged
    :param root: folder of the store; empty: ``models`` in the data folder
    :raises ValueError: if the store has no such model, none of its versions is active, or the
        active one is damaged
    """
    if not model.startswith(STORE_PREFIX):
        return model
    name = model.removeprefix(STORE_PREFIX)
    store = ModelStore(folder_of('models', root))
    version = store.active(name)
    if version is None:
        known = ', '.join(store.names()) or 'none'
        raise ValueError(
            f'the store {store.root} has no active version of {name!r}; its models are: {known}'
        )
    return str(version.checkpoint)


def _read_link(link: Path) -> str | None:
    """
    Return the version that a link points to.

    :returns: None if the link does not exist
    :raises ValueError: if it is not a link to a version
    """
    try:
        version = os.readlink(link)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f'{link} is not a link to a version: {error.strerror}') from error
    if not VERSION.fullmatch(version):
        raise ValueError(f'{link} is not a link to a version, but to {version!r}')
    return version


def _active_if_any(folder: Path) -> str | None:
    """Return the active version; None also for a damaged link, which can be replaced."""
    try:
        return _read_link(folder / ACTIVE)
    except ValueError as error:
        LOG.warning('%s', error)
        return None


def _is_name(text: str) -> bool:
    try:
        return checked_name(text, 'model', spaces=False) == text
    except ValueError:
        return False


def _replace_link(link: Path, target: str) -> None:
    temporary = link.with_name(f'{TEMPORARY}{link.name}')
    os.symlink(target, temporary)
    try:
        os.replace(temporary, link)
    except BaseException:
        temporary.unlink()
        raise
    sync_folder(link.parent)


def _content(checkpoint: bytes | str | Path) -> bytes:
    if isinstance(checkpoint, bytes):
        return checkpoint
    try:
        return Path(checkpoint).expanduser().read_bytes()
    except OSError as error:
        raise type(error)(f'checkpoint {checkpoint} cannot be read: {error.strerror}') from error
