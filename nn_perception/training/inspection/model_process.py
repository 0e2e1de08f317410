"""The process that looks into a model, seen from the process of the page."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
import select
import subprocess
import threading
import time

from nn_perception.core.files.scratch import scratch_folder
from nn_perception.core.subprocess import module_command, subprocess_environment
from nn_perception.training.inspection.client import Client
from nn_perception.training.inspection.remote import RemoteInspectable

MODULE = 'nn_perception.training.inspection.process'
# Importing torch takes four seconds, on a busy machine much longer; so does the first download of
# a model.
START_S = 180.0
STOP_S = 2.0
# A process that nobody has asked for this long may be ended for another model.
SPARE_S = 5.0
# A process that has closed its socket ends within this time, even on a busy machine.
END_S = 15.0


class ModelProcess:
    """
    The process that looks into one model.

    :param model: name of a model or path of a checkpoint
    :param idle_s: time without requests after which it ends
    :ivar asked_s: when it was asked last, by the monotonic clock
    :ivar viewers: number of those who look
    """

    def __init__(self, model: str, idle_s: float) -> None:
        """Start it; :meth:`connect` waits until it can be asked."""
        self.model = model
        self.asked_s = time.monotonic()
        self.viewers = 0
        self._lock = threading.Lock()
        # Why it cannot be asked; None: that is not known yet.
        self._problem: str | None = None
        self._stopped = False
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            self._address = folder / 'socket'
            self._process = _start(model, self._address, idle_s)
            self._cleanup = stack.pop_all()
        threading.Thread(target=self._reap, name='inspection process', daemon=True).start()

    @property
    def spare(self) -> bool:
        """Whether it may be ended for another model: nobody looks, or has asked lately."""
        lately = time.monotonic() - self.asked_s < SPARE_S
        return self._problem is not None and not (self.viewers and lately)

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    @property
    def ended_by_itself(self) -> bool:
        """Whether it has ended because nobody needed it; waits for the end of one that ends."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(END_S) == 0 or self._stopped
        return False

    @property
    def ended(self) -> str:
        """A sentence about its end."""
        status = self._process.poll() or 0
        why = f': it was killed by signal {-status}' if status < 0 else ''
        return f'The process that looks into {self.model} has ended{why}.'

    def connect(self) -> RemoteInspectable:
        """
        Return what one viewer looks with, as soon as it can be asked.

        :raises RuntimeError: a sentence, if it cannot look into the model, or has ended
        """
        with self._lock:
            if self._problem is None:
                self._problem = self._wait()
        if self._problem:
            self.stop()
            raise RuntimeError(self._problem)
        self.asked_s = time.monotonic()
        return RemoteInspectable(Client(self._address, self.ended))

    def stop(self) -> None:
        """End it, and wait for that."""
        self._stopped = True
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _reap(self) -> None:
        """Wait for its end, and delete its folder."""
        self._process.wait()
        self._cleanup.close()

    def _wait(self) -> str:
        """Wait until it is ready; :returns: why it is not."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START_S)
        if not ready:
            self._process.kill()
            return f'{self.model} cannot be looked into: its process does not start.'
        line = self._process.stdout.readline()
        with contextlib.suppress(ValueError):
            message = json.loads(line)
            if 'ready' in message:
                return ''
            return f'{self.model} cannot be looked into: {message["error"]}'
        self._process.wait()
        return self.ended


def _start(model: str, address: Path, idle_s: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        module_command(MODULE, [str(address), model, str(idle_s)]),
        cwd=address.parent,
        env=subprocess_environment(address.parent),
        # It ends when this end is closed, also by the end of this process.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
