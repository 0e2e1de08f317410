"""The training runs in a folder."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from datetime import datetime, timezone
import os
from pathlib import Path
import re
import threading

from nn_perception.core.files.atomic import write_atomically
from nn_perception.core.files.folders import folder_of, trusted_folder
from nn_perception.core.files.locks import lock
from nn_perception.core.files.private import FOLDER_MODE
from nn_perception.core.networks.defined.definition import parse
from nn_perception.core.networks.defined.memory import check_size
from nn_perception.core.quoting import quoted
from nn_perception.training.runs.checks import check_settings, MAX_TRAINING_BYTES
from nn_perception.training.runs.records import RunSettings, RunState
from nn_perception.training.runs.run_folder import RunFolder
from nn_perception.training.runs.snapshot_file import read_snapshot
from nn_perception.training.runs.store.folder_run import FolderRun
from nn_perception.training.runs.store.run_starter import RunStarter

MAX_TRAINING = 3
MAX_STORED_BYTES = 4_000_000_000
NAME = re.compile(r'[0-9]{8}-[0-9]{6}-[0-9]{6}')
TRAINS = (RunState.STARTING, RunState.RUNNING)


class RunStore:
    """
    See :class:`nn_perception.training.runs.run.Runs`. Nothing is created before a run is started.

    :param folder: of the runs; None: the usual one
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = folder_of('runs', folder or '')
        self._starter: RunStarter | None = None
        self._lock = threading.Lock()
        self._runs: dict[str, FolderRun] = {}
        self._mine: set[str] = set()

    def prepare(self) -> None:
        """
        Start a spare process that imports torch, so that the next run starts at once.

        It ends when it is not needed for some minutes, or when this process ends.

        :raises OSError: if it cannot be started
        """
        self._create_folder()
        self._processes().prepare()

    @property
    def spare_pid(self) -> int | None:
        """Number of the spare process; None if there is none."""
        return None if self._starter is None else self._starter.spare_pid

    def start(self, settings: RunSettings, snapshot: bytes | None = None) -> FolderRun:
        """
        Start a run; it trains at once.

        :param snapshot: weights, optimizer and history to go on from
        :raises ValueError: a sentence, if the settings are wrong or the network is too large
        :raises RuntimeError: if no more runs can train at a time
        :raises OSError: if its folder cannot be written
        """
        check_run(settings, snapshot)
        self._create_folder()
        with lock(self.folder / 'lock'):
            self._check_room('')
            self._delete_oldest()
            run = self._create(settings, snapshot)
            self._launch(run, paused=False)
        self._mine.add(run.name)
        return self.find(run.name)

    def list(self) -> tuple[FolderRun, ...]:
        """Return all runs, the newest first."""
        found = []
        for folder in self._folders():
            # Another process may be deleting it.
            with contextlib.suppress(ValueError, OSError):
                found.append(self._run(folder))
        with self._lock:
            names = {run.name for run in found}
            self._runs = {name: run for name, run in self._runs.items() if name in names}
        return tuple(found)

    def find(self, name: str) -> FolderRun:
        """
        Return a run.

        :raises ValueError: if there is none
        """
        folder = RunFolder(self.folder / name)
        if not NAME.fullmatch(name) or not folder.is_run:
            raise ValueError(f'There is no run {quoted(name)}.')
        # Of its own, since each viewer has a picture of its own that it looked at last.
        return FolderRun(folder, self._revive, self._check_room)

    def delete(self, name: str) -> None:
        """
        End a run, and delete all that it stored.

        :raises ValueError: if there is none
        """
        run = self.find(name)
        run.ask_to_end(evaluate=False)
        run.wait_for_end()
        with lock(self.folder / 'lock'):
            RunFolder(self.folder / name).delete()
        with self._lock:
            self._runs.pop(name, None)

    def close(self) -> None:
        """End all runs that this process started; their results stay."""
        if self._starter is None:
            return
        for name in self._mine:
            with contextlib.suppress(ValueError, RuntimeError, OSError):
                self.find(name).ask_to_end(evaluate=False)
        self._starter.close()
        self._starter.wait()
        with self._lock:
            for run in self._runs.values():
                run.close()

    def _processes(self) -> RunStarter:
        with self._lock:
            if self._starter is None:
                self._starter = RunStarter(self.folder)
            return self._starter

    def _create_folder(self) -> None:
        trusted_folder(self.folder)

    def _folders(self) -> Iterator[RunFolder]:
        """Yield the folders of all runs, the newest first."""
        try:
            names = sorted(os.listdir(self.folder), reverse=True)
        except FileNotFoundError:
            return
        for name in names:
            folder = RunFolder(self.folder / name)
            if NAME.fullmatch(name) and folder.is_run:
                yield folder

    def _run(self, folder: RunFolder) -> FolderRun:
        with self._lock:
            if folder.name not in self._runs:
                self._runs[folder.name] = FolderRun(folder, self._revive, self._check_room)
            return self._runs[folder.name]

    def _create(self, settings: RunSettings, snapshot: bytes | None) -> RunFolder:
        now = datetime.now(timezone.utc)
        folder = RunFolder(self.folder / f'{now:%Y%m%d-%H%M%S-%f}')
        folder.path.mkdir(FOLDER_MODE)
        if snapshot is not None:
            write_atomically(folder.start, snapshot)
        folder.write('settings', settings)
        return folder

    def _launch(self, run: RunFolder, *, paused: bool) -> None:
        held = run.lock()
        if held is None:
            return  # somebody else has started its process
        try:
            self._processes().start(run, held, paused=paused)
        finally:
            os.close(held)

    def _revive(self, run: RunFolder) -> None:
        with lock(self.folder / 'lock'):
            if not run.is_run:
                raise ValueError(f'There is no run {run.name}.')
            self._launch(run, paused=True)
        self._mine.add(run.name)

    def _check_room(self, name: str) -> None:
        """
        Check that one more run may train.

        :param name: of the run; its own training does not count
        """
        alive = [folder for folder in self._folders() if folder.is_alive()]
        others = [self._run(folder).status() for folder in alive if folder.name != name]
        if sum(status.state in TRAINS for status in others) >= MAX_TRAINING:
            raise RuntimeError(
                f'{MAX_TRAINING} runs are training already; pause or end one of them first.'
            )

    def _delete_oldest(self) -> None:
        """Delete the oldest runs that have ended while all together are too large."""
        sizes = {folder: folder.size_bytes() for folder in self._folders()}
        total = sum(sizes.values())
        for folder in reversed(list(sizes)):
            if total > MAX_STORED_BYTES and not folder.is_alive():
                folder.delete()
                total -= sizes[folder]
        if total > MAX_STORED_BYTES:
            raise OSError(
                f'The runs take {total / 1e9:.1f} GB, and {MAX_STORED_BYTES / 1e9:.1f} GB are '
                'allowed; end and delete some of them first.'
            )


def check_run(settings: RunSettings, snapshot: bytes | None = None) -> None:
    """
    Check everything that can be checked without torch and without the samples.

    :raises ValueError: a sentence, if something is wrong, or the network is too large
    """
    check_settings(settings)
    definition = parse(settings.network)
    rates = settings.rates
    check_size(definition, rates.batch_size, MAX_TRAINING_BYTES, rates.optimizer)
    if snapshot is not None:
        stored = read_snapshot(snapshot).settings
        if parse(stored.network) != definition or stored.recipe != settings.recipe:
            raise ValueError('The snapshot is of another network or recipe than this run.')
