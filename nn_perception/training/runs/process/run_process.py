"""
The process of a run: ``python -m nn_perception.training.runs.process.run_process``.

Its standard input is a socket, on which it gets an assignment: the folder of its run, and the lock
of the run, which it holds until it ends. A spare process imports torch before it is assigned.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from pathlib import Path
import resource
import select
import signal
import socket
import sys
from typing import Any

from nn_perception.training.runs.run_folder import LOG as LOG_FILE
from nn_perception.training.runs.run_folder import RunFolder

LOG = logging.getLogger(__name__)

# The page has priority.
NICENESS = 10
# A spare process ends after this time.
SPARE_S = 300.0
MAX_ASSIGNMENT = 65536
# What torch prints about a crash of its own would be large.
NO_CORE = (0, 0)


def main() -> int:
    """Wait for an assignment, and serve the run."""
    logging.basicConfig(format='%(asctime)s %(message)s', level=logging.INFO)
    resource.setrlimit(resource.RLIMIT_CORE, NO_CORE)
    channel = socket.socket(fileno=os.dup(0))
    if not _is_readable(channel, 0.0):
        _import_everything()
        if not _is_readable(channel, SPARE_S):
            return 0
    received = _receive(channel)
    if received is None:
        return 0  # whoever could assign it a run is gone
    assignment, lock = received
    folder = RunFolder(Path(assignment['folder']))
    os.chdir(folder.path)
    os.ftruncate(lock, 0)
    os.pwrite(lock, f'{os.getpid()}'.encode(), 0)
    _log_to(folder)
    # Imported late: torch takes its time, and the socket should listen before.
    from nn_perception.training.runs.process.run_server import RunServer

    # What comes before the first step is short, and somebody waits for it.
    server = RunServer(folder, paused=bool(assignment['paused']), niceness=NICENESS)
    signal.signal(signal.SIGTERM, lambda *_: server.end())
    try:
        server.run()
    finally:
        os.close(lock)
    return 0


def _is_readable(channel: socket.socket, timeout_s: float) -> bool:
    return bool(select.select([channel], [], [], timeout_s)[0])


def _receive(channel: socket.socket) -> tuple[dict[str, Any], int] | None:
    content, descriptors, _, _ = socket.recv_fds(channel, MAX_ASSIGNMENT, 1)
    channel.close()
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if not content or not descriptors:
        return None
    return json.loads(content), descriptors[0]


def _log_to(folder: RunFolder) -> None:
    descriptor = os.open(folder.path / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _import_everything() -> None:
    from nn_perception.training.runs.process.serving import warm_up

    warm_up()


if __name__ == '__main__':
    sys.exit(main())
