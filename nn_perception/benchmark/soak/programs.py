"""The processes of an endurance run: started, looked at, ended, and started anew if they die."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import signal
import subprocess
import time

from nn_perception.benchmark.process_samples import (
    folder_size,
    Sample,
    shared_entries,
    take_sample,
)
from nn_perception.benchmark.soak.verdict import Calm

LAST_WORDS = 12
# So long a process that was asked to end may take before it is aborted.
ABORTED_AFTER_S = 20.0
ABORTED_WITHIN_S = 5.0


class Program:
    """
    A process with a folder for all that it writes.

    :param name: what it is called in the report
    :param command: how it is started
    :param folder: for its output and its ROS logs; made if it is not there
    """

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self.samples: list[Sample] = []
        self.crashes: list[str] = []
        self.entries: set[str] = set()
        self.end_s = 0.0
        self._command = list(command)
        self._folder = folder
        self._asked_at: float | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._start()

    def _start(self) -> None:
        # Buffered output would be lost with the process that it tells about.
        environment = {
            **os.environ,
            'ROS_LOG_DIR': str(self._folder / 'ros'),
            'PYTHONUNBUFFERED': '1',
            # What every thread of a process does that must be aborted comes into its log.
            'PYTHONFAULTHANDLER': '1',
        }
        with (self._folder / 'output.log').open('ab') as output:
            self.process = subprocess.Popen(
                self._command, stdout=output, stderr=subprocess.STDOUT, env=environment
            )

    @property
    def log(self) -> str:
        """What the process has written so far."""
        return (self._folder / 'output.log').read_text(errors='replace')

    @property
    def log_bytes(self) -> int:
        """Size of its output and its ROS logs."""
        return folder_size(self._folder)

    def look(self) -> None:
        """Take a sample; one that has ended without being asked is noted, and started anew."""
        if self._asked_at is not None:
            return
        if self.process.poll() is not None:
            words = ' | '.join(self.log.splitlines()[-LAST_WORDS:])
            self.crashes.append(f'status {self.process.returncode}: {words}')
            self._start()
            return
        try:
            self.samples.append(take_sample(self.process.pid))
        except OSError:
            return
        self.entries |= shared_entries(self.process.pid)

    def calm(self, since: float) -> Calm:
        """Sum up what was seen since a moment of the steady clock."""
        return Calm.of([sample for sample in self.samples if sample.at_s >= since])

    def listens(self) -> bool:
        """
        Tell whether it takes signals by now, or has ended already.

        Before its first lines have run, Python itself ends it, and not with status 0.
        """
        if self.process.poll() is not None:
            return True
        status = Path(f'/proc/{self.process.pid}/status').read_text()
        caught = int(status.partition('SigCgt:')[2].split()[0], 16)
        return bool(caught >> (signal.SIGTERM - 1) & 1)

    def ask_to_end(self, number: int = signal.SIGINT) -> None:
        """Send a signal, as Ctrl-C or a supervisor does."""
        self.entries |= shared_entries(self.process.pid)
        self._asked_at = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)

    def abort(self) -> None:
        """End a process that hangs; what its threads did comes into its log."""
        self.process.send_signal(signal.SIGABRT)
        try:
            self.process.wait(ABORTED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def has_ended(self) -> bool:
        """Tell whether it has followed :meth:`ask_to_end`; abort it after a while."""
        if self._asked_at is None:
            return False
        self.end_s = time.monotonic() - self._asked_at
        if self.process.poll() is None and self.end_s > ABORTED_AFTER_S:
            self.abort()
        return self.process.poll() is not None
