"""Start the processes of runs, with a spare one that has imported torch already."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
import socket
import subprocess
import threading

from nn_perception.core.subprocess import module_command, subprocess_environment
from nn_perception.training.runs.run_folder import RunFolder

MODULE = 'nn_perception.training.runs.process.run_process'
END_S = 5.0


class RunStarter:
    """
    Starts processes of runs.

    :param folder: working folder of a spare process; private
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._spare: tuple[subprocess.Popen[bytes], socket.socket] | None = None
        # Ended ones stay in the process table until they are asked for their status.
        self._started: list[subprocess.Popen[bytes]] = []

    @property
    def spare_pid(self) -> int | None:
        """Number of the spare process; None if there is none."""
        spare = self._spare
        return None if spare is None else spare[0].pid

    def prepare(self) -> None:
        """
        Start a spare process, unless there is one.

        :raises OSError: if it cannot be started
        """
        self._collect()
        with self._lock:
            if self._spare is not None and self._spare[0].poll() is not None:
                self._drop_spare()
            if self._spare is None:
                self._spare = self._launch()

    def start(self, run: RunFolder, lock: int, *, paused: bool) -> None:
        """
        Start the process of a run, which takes over its lock.

        :param lock: see :meth:`nn_perception.training.runs.run_folder.RunFolder.lock`
        :param paused: it waits for commands instead of training
        :raises OSError: if it cannot be started
        """
        self._collect()
        assignment = json.dumps({'folder': str(run.path), 'paused': paused}).encode()
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            # It may just have ended.
            with contextlib.suppress(OSError), spare[1]:
                socket.send_fds(spare[1], [assignment], [lock])
                if spare[0].poll() is None:
                    self._started.append(spare[0])
                    return
            spare[0].wait(END_S)
        process, channel = self._launch()
        with channel:
            socket.send_fds(channel, [assignment], [lock])
        self._started.append(process)

    def close(self) -> None:
        """End the spare process; those of runs go on."""
        with self._lock:
            if self._spare is not None:
                self._drop_spare()

    def wait(self, timeout_s: float = END_S) -> None:
        """Wait until the processes that were started have ended; end them if they do not."""
        for process in self._started:
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._started.clear()

    def _launch(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                module_command(MODULE),
                cwd=self._folder,
                env=subprocess_environment(),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # The end of the page, or Ctrl-C on its terminal, is not the end of a run.
                start_new_session=True,
            )
        return process, ours

    def _drop_spare(self) -> None:
        assert self._spare is not None
        process, channel = self._spare
        channel.close()
        self._spare = None
        self._started.append(process)

    def _collect(self) -> None:
        self._started = [process for process in self._started if process.poll() is None]
