"""The private folder of a run, and what is stored in it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path
import shutil
import time
from typing import Any, TypeVar

from nn_perception.core.files.atomic import write_atomically
from nn_perception.core.files.private import open_privately
from nn_perception.core.files.untrusted import parse_json, read_regular
from nn_perception.training.runs.plain_records import from_plain, to_plain
from nn_perception.training.runs.records import RunSettings, RunState, RunStatus

T = TypeVar('T')

SOCKET = 'socket'
LOG = 'log.txt'
LOCK = 'process.lock'
MAX_RECORD_BYTES = 16_000_000
LOCK_TRIES, LOCK_WAIT_S = 5, 0.01


def starting(settings: RunSettings) -> RunStatus:
    """Return the status of a run that has not done anything yet."""
    return RunStatus(
        RunState.STARTING, '', settings.rates, 0, settings.epochs, 0, 0, 0, 0.0, 0.0, 0.0, 0.0
    )


class RunFolder:
    """
    The folder of a run.

    :param path: of the folder, whose name is the name of the run
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.snapshot = path / 'snapshot.safetensors'
        # What it goes on from, given when it was started.
        self.start = path / 'start.safetensors'

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.path.name

    @property
    def socket(self) -> Path:
        """Where its process listens."""
        return self.path / SOCKET

    def evaluation(self, *, before_training: bool) -> Path:
        """Name the file of an evaluation."""
        return self.path / f'evaluation{"_before" if before_training else ""}.safetensors'

    @property
    def is_run(self) -> bool:
        """Whether there is a run in the folder."""
        return (self.path / 'settings.json').is_file()

    def settings(self) -> RunSettings:
        """
        Read what it was started with.

        :raises OSError: if they cannot be read
        :raises ValueError: if they are damaged
        """
        found = self.read(RunSettings, 'settings')
        if found is None:
            raise ValueError(f'There is no run {self.name}.')
        return found

    def read(self, kind: type[T], name: str) -> T | None:
        """
        Read a record.

        :param name: of its file, without suffix
        :returns: None if it is not stored
        :raises OSError: if it cannot be read
        :raises ValueError: if it is damaged
        """
        try:
            content = read_regular(self.path / f'{name}.json', MAX_RECORD_BYTES)
        except FileNotFoundError:
            return None
        return from_plain(kind, parse_json(content), name)

    def write(self, name: str, record: Any) -> None:
        """
        Store a record.

        :raises OSError: if it cannot be written
        """
        text = json.dumps(to_plain(record), allow_nan=False)
        write_atomically(self.path / f'{name}.json', text.encode())

    def lock(self) -> int | None:
        """
        Lock the run for its process; the lock is released when all copies are closed.

        :returns: a file descriptor; None if its process has it
        :raises OSError: if the folder is gone
        """
        descriptor = open_privately(self.path / LOCK, os.O_RDWR | os.O_CREAT)
        for _ in range(LOCK_TRIES):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            # Somebody may only be asking whether it has a process.
            time.sleep(LOCK_WAIT_S)
        os.close(descriptor)
        return None

    def is_alive(self) -> bool:
        """Tell whether it has a process."""
        try:
            descriptor = os.open(self.path / LOCK, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def pid(self) -> int | None:
        """Return the number of its process; None if it has none, or one that is starting."""
        try:
            content = (self.path / LOCK).read_bytes()
        except OSError:
            return None
        return int(content) if content.isdigit() and self.is_alive() else None

    def size_bytes(self) -> int:
        """Return the size of all its files."""
        total = 0
        for path in self.path.iterdir():
            with contextlib.suppress(OSError):
                total += path.lstat().st_size
        return total

    def delete(self) -> None:
        """Delete all of it; it must have no process."""
        shutil.rmtree(self.path, ignore_errors=True)
