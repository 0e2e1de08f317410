"""
Versions of taught models, of which one is active.

A version is a folder, ``<store>/<name>/<version>/``, with the checkpoint, the report of its
training and what is known of its making. It gets its name when it is whole. ``active`` is a link
to one of them that is replaced in one step, so that any number of processes can read meanwhile.
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
from nn_perception.core.files.folders import folder_of
from nn_perception.core.files.locks import lock
from nn_perception.core.files.names import checked_name
from nn_perception.training.model_store.version import (
    read_version,
    TEMPORARY,
    VERSION,
    Version,
    version_names,
    write_version,
)

LOG = logging.getLogger(__name__)

# What the name of a taught model begins with where that of any model may stand.
STORE_PREFIX = 'store:'
# In the folder of a version: the one that was active before it.
REPLACED = 'replaced'
ACTIVE = 'active'
LOCK = '.lock'


class ModelStore:
    """
    The taught models of a folder; any number of processes may use it at once.

    :param root: the folder; made when the first model is added
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().absolute()

    def names(self) -> list[str]:
        """List the models that have a version, sorted."""
        if not self.root.is_dir():
            return []
        folders = sorted(self.root.iterdir())
        return [path.name for path in folders if _is_name(path.name) and version_names(path)]

    def versions(self, name: str) -> list[Version]:
        """
        List the versions of a model, oldest first; damaged ones are left out and logged.

        :raises ValueError: if the name cannot be that of a model
        """
        folder = self._folder(name)
        active = _active_if_any(folder)
        found = []
        for version in version_names(folder):
            try:
                found.append(read_version(folder, version, active=version == active))
            except ValueError as error:
                if (folder / version).exists():  # else it was pruned just now
                    LOG.warning('left out: %s', error)
        return found

    def add(
        self,
        name: str,
        checkpoint: bytes | str | Path,
        report: Mapping[str, Any],
        manifest_sha256: str,
    ) -> Version:
        """
        Store a new version; it is whole or absent, and not active yet.

        :param checkpoint: what a checkpoint file holds, or such a file
        :param report: can be written as JSON; ``accuracy``, if there is one, is that of the
            version
        :param manifest_sha256: hash of the manifest of the frames that it was taught with
        :raises ValueError: if the name is not allowed, or the checkpoint is not usable, a pickle
            for instance
        :raises OSError: if it cannot be written; nothing is left behind then
        """
        folder = self._folder(name)
        content = _content(checkpoint)
        with self._changing(folder):
            version = write_version(folder, content, report, manifest_sha256)
        return read_version(folder, version, active=False)

    def active_name(self, name: str) -> str | None:
        """
        Read which version is active without opening it; cheap enough to ask every second.

        :returns: None if none is
        :raises ValueError: if the name is not allowed, or the link is none of the store's
        """
        return _read_link(self._folder(name) / ACTIVE)

    def active(self, name: str) -> Version | None:
        """
        Read the active version.

        :returns: None if none is
        :raises ValueError: if the name is not allowed, or the active version is damaged
        """
        while (version := self.active_name(name)) is not None:
            try:
                return read_version(self._folder(name), version, active=True)
            except ValueError:
                # Another one may have become active, and this one been pruned.
                if self.active_name(name) == version:
                    raise
        return None

    def activate(self, name: str, version: str) -> Version:
        """
        Make a version the active one, in one step.

        :raises ValueError: if there is no such version, or it is damaged
        :raises OSError: if the link cannot be replaced; then nothing has changed
        """
        folder = self._folder(name)
        if version not in version_names(folder):
            known = ', '.join(version_names(folder)) or 'none'
            raise ValueError(f'{name} has no version {version!r}; there are: {known}')
        with self._changing(folder):
            activated = read_version(folder, version, active=True)
            before = _active_if_any(folder)
            if before != version:
                # Before the link: should this be the end, the line is of no consequence.
                write_atomically(folder / version / REPLACED, (before or '').encode('ascii'))
                _replace_link(folder / ACTIVE, version)
        return activated

    def previous(self, name: str) -> str | None:
        """
        Say which version was active before the active one.

        :returns: None if there was none, or it is gone
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
        Make that version active which was so before; twice gives the present one again.

        :raises ValueError: if there is none, or it is damaged
        :raises OSError: if the link cannot be replaced
        """
        before = self.previous(name)
        if before is None:
            raise ValueError(f'no version of {name} was active before the present one')
        return self.activate(name, before)

    def prune(self, name: str, keep: int) -> list[str]:
        """
        Delete old versions, but not the active one nor the one that was so before it.

        :param keep: how many of the newest stay in any case, at least 1
        :returns: what was deleted, oldest first
        :raises ValueError: if the name or the number is not allowed
        :raises OSError: if something cannot be deleted
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
                # The name goes in one step; the rest may take its time.
                gone = folder / f'{TEMPORARY}{version}'
                os.rename(folder / version, gone)
                shutil.rmtree(gone)
        return old

    def _folder(self, name: str) -> Path:
        return self.root / checked_name(name, 'model', spaces=False)

    @contextlib.contextmanager
    def _changing(self, folder: Path) -> Iterator[None]:
        """Let one process change a model, and remove what another left when it died."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with lock(folder / LOCK):
                sync_folder(folder.parent)
                for leftover in sorted(folder.glob(f'{TEMPORARY}*')):
                    LOG.warning('%s was left half-written and is removed', leftover)
                    if leftover.is_symlink():
                        leftover.unlink()
                    else:
                        shutil.rmtree(leftover)
                yield
        except OSError as error:
            if error.errno is None:  # raised here with a sentence of its own
                raise
            raise type(error)(
                f'the model {folder} cannot be changed: {error.strerror}; its versions are '
                'unharmed'
            ) from error


def active_checkpoint(model: str, root: str | Path = '') -> str:
    """
    Find the checkpoint of ``store:NAME``: that of the version which is active now.

    :param model: given back as it is if it is the name of another model
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
    Read which version a link leads to.

    :raises ValueError: if it is no link to a version
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
    """Read which version is active; a damaged link is none, so that it can be replaced."""
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
