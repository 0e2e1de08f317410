"""The processes of a soak test: started, observed, ended, and restarted after a crash."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import signal
import subprocess
import time

from nn_perception.benchmark.process_samples import (
    folder_size,
    ProcessSample,
    shared_entries,
    take_sample,
)
from nn_perception.benchmark.soak.criteria import QuietPhase

# Of the log of a crashed process, in the report.
LAST_LINES = 12
# A process that has not exited so long after it was asked to is aborted.
EXIT_LIMIT_S = 20.0
ABORT_LIMIT_S = 5.0


class Program:
    """
    A process with a folder for everything that it writes.

    :param name: its name in the report
    :param command: that starts it
    :param folder: for its output and its ROS logs; created if it does not exist
    """

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self.samples: list[ProcessSample] = []
        self.crashes: list[str] = []
        self.entries: set[str] = set()
        self.exit_s = 0.0
        self._command = list(command)
        self._folder = folder
        self._requested_at: float | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._start()

    def _start(self) -> None:
        environment = {
            **os.environ,
            'ROS_LOG_DIR': str(self._folder / 'ros'),
            # Buffered output would be lost in a crash.
            'PYTHONUNBUFFERED': '1',
            # The log of a process that has to be aborted shows the stack of every thread.
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

    def observe(self) -> None:
        """Take a sample; a process that exited without a request is recorded and restarted."""
        if self._requested_at is not None:
            return
        if self.process.poll() is not None:
            lines = ' | '.join(self.log.splitlines()[-LAST_LINES:])
            self.crashes.append(f'status {self.process.returncode}: {lines}')
            self._start()
            return
        try:
            self.samples.append(take_sample(self.process.pid))
        except OSError:
            return
        self.entries |= shared_entries(self.process.pid)

    def quiet_phase(self, since: float) -> QuietPhase:
        """Summarize the samples since a time of the steady clock."""
        return QuietPhase.of([sample for sample in self.samples if sample.at_s >= since])

    def handles_signals(self) -> bool:
        """
        Tell whether the process has installed its signal handlers, or has exited already.

        Before its first lines have run, a signal ends Python itself, and not with status 0.
        """
        if self.process.poll() is not None:
            return True
        status = Path(f'/proc/{self.process.pid}/status').read_text()
        caught = int(status.partition('SigCgt:')[2].split()[0], 16)
        return bool(caught >> (signal.SIGTERM - 1) & 1)

    def request_exit(self, number: int = signal.SIGINT) -> None:
        """Send a signal, as Ctrl-C or a supervisor does."""
        self.entries |= shared_entries(self.process.pid)
        self._requested_at = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)

    def abort(self) -> None:
        """End a process that hangs; its log gets the stack of every thread."""
        self.process.send_signal(signal.SIGABRT)
        try:
            self.process.wait(ABORT_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def has_exited(self) -> bool:
        """Tell whether it has exited after :meth:`request_exit`; abort it after a while."""
        if self._requested_at is None:
            return False
        self.exit_s = time.monotonic() - self._requested_at
        if self.process.poll() is None and self.exit_s > EXIT_LIMIT_S:
            self.abort()
        return self.process.poll() is not None
