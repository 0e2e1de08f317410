"""``make studio``: a camera, a microphone, the nodes and the page, each a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
import urllib.request

from patience import HANGS_S, wait_until
from ros_graph import Peer
from vision_msgs.msg import Classification


def free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def running(folder: Path, log: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the program in a process group of its own, as in a terminal."""
    with log.open('w') as output:
        process = subprocess.Popen(
            [sys.executable, 'tools/studio.py', *options],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, 'NN_PERCEPTION_DATA': str(log.parent / 'data')},
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def group(pid: int) -> list[str]:
    """List the processes of a group that still run."""
    found = subprocess.run(['ps', '-o', 'pid=', '-g', str(pid)], capture_output=True, text=True)
    return found.stdout.split()


def test_all_runs_until_ctrl_c(
    peer: Peer, repository: Path, tmp_path: Path, ros_environment: None
) -> None:
    port, log = free_port(), tmp_path / 'log.txt'
    with running(repository, log, '--port', str(port), '--rate', '2') as process:
        wait_until(lambda: f'The page is at http://localhost:{port}/' in log.read_text(), HANGS_S)
        with urllib.request.urlopen(f'http://localhost:{port}/', timeout=HANGS_S) as answer:
            assert answer.status == 200
        tags = peer.collect(Classification, '/tagger/tags')
        peer.until(lambda: tags)
        assert peer.get_parameter('/tagger', 'model').string_value == 'store:taught'
        peer.until(lambda: '/fine_tuner/record' in dict(services(peer)))
        heard = peer.collect(Classification, '/sound_tagger/tags')
        peer.until(lambda: heard)
        assert peer.get_parameter('/sound_tagger', 'model').string_value == 'store:sounds'
        peer.until(lambda: '/sound_fine_tuner/record' in dict(services(peer)))
        # A terminal sends it to all of them, and the program passes it on.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(HANGS_S) == 0, log.read_text()
        wait_until(lambda: not group(process.pid))
    assert 'Traceback' not in log.read_text()


def services(peer: Peer) -> list[tuple[str, list[str]]]:
    return list(peer.node.get_service_names_and_types())


def test_a_port_that_is_taken_starts_nothing(
    repository: Path, tmp_path: Path, ros_environment: None
) -> None:
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port, log = taken.getsockname()[1], tmp_path / 'log.txt'
        with running(repository, log, '--port', str(port)) as process:
            assert process.wait(HANGS_S) == 2, log.read_text()
    assert f'port {port} cannot be used: Address already in use; try --port' in log.read_text()
    assert 'Starting' not in log.read_text()
