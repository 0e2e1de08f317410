"""The page without ROS, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import re
import signal
import subprocess
import sys

from patience import HANGS_S
import pytest

_PROGRAM = """
import signal, sys, threading
import cv2
import numpy as np
from nn_perception.studio.local.backend import LocalBackend
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.local.played_camera import PlayedCamera
from nn_perception.studio.options import StudioOptions
from nn_perception.studio.server import StudioServer
from nn_perception.studio.studio import Studio

perception = Perception()
backend = LocalBackend(perception, sys.argv[3:])
studio = Studio(backend, StudioOptions(port=int(sys.argv[1])), perception)
server = StudioServer(studio)
encode, counted = cv2.imencode, [0]

def counting(*args):
    counted[0] += 1
    return encode(*args)

cv2.imencode = counting
pause_s, least_s = PlayedCamera._pause_s, float(sys.argv[2])
PlayedCamera._pause_s = lambda *args: max(least_s, pause_s(*args))
server.start()
print('URL', server.url, flush=True)
for line in sys.stdin:
    if line == 'encoded\\n':
        print(counted[0], flush=True)
server.stop()
backend.close()
"""


@dataclass
class LivePage:
    """
    The page without ROS, in a process of its own.

    :param url: its address
    :param port: that it listens on
    """

    process: subprocess.Popen[str]
    url: str
    port: int

    def memory_mb(self) -> float:
        """
        Return the memory of the process's own.

        Not that of libraries: how many of their pages are resident depends on what the kernel has
        read of their files, which is 40 MB more after they were installed.
        """
        status = Path(f'/proc/{self.process.pid}/status').read_text()
        found = re.findall(r'Rss(?:Anon|Shmem):\s+(\d+) kB', status)
        assert len(found) == 2
        return sum(map(int, found)) / 1024

    def cpu_s(self) -> float:
        """Return the CPU time that was used so far."""
        fields = Path(f'/proc/{self.process.pid}/stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def encoded(self) -> int:
        """Return how many images were encoded so far."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write('encoded\n')
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def live_page(
    folder: Path, files: Sequence[str] = (), port: int = 0, *, pause_s: float = 0.0
) -> Iterator[LivePage]:
    """
    Serve the page without ROS.

    :param folder: for its data and its log
    :param files: that are cameras
    :param port: 0: a free one
    :param pause_s: least time from a frame of a video to the next one, which spares the processor
    """
    pytest.importorskip('nicegui')
    environment = {**os.environ, 'XDG_DATA_HOME': str(folder)}
    with (folder / 'log').open('a') as log:
        process = subprocess.Popen(
            [sys.executable, '-c', _PROGRAM, str(port), str(pause_s), *files],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith('URL '), (folder / 'log').read_text()
        url = line.removeprefix('URL ').strip()
        yield LivePage(process, url, int(re.findall(r':(\d+)/', url)[0]))
    finally:
        assert process.stdin
        process.stdin.close()
        try:
            process.wait(HANGS_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            raise
