"""A node ends with status 0 and without errors on any signal."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import fcntl
import os
from pathlib import Path
import signal
import time

from nn_perception_interfaces.msg import HumanPoseArray
from patience import stretched
import pytest
from ros_graph import image_at, NodeProcess, Peer, picture
from sensor_msgs.msg import Image
from vision_msgs.msg import Classification, Detection2DArray

REPETITIONS = 2
LONG_REPETITIONS = 20
DELAYS_S = (0.15, 0.4, 0.6, 0.8, 1.0, 1.3)
WAYS = {
    'SIGINT': (signal.SIGINT,),
    'SIGTERM': (signal.SIGTERM,),
    'two SIGINT': (signal.SIGINT, signal.SIGINT),
}


@pytest.mark.parametrize(
    'repetitions', [REPETITIONS, pytest.param(LONG_REPETITIONS, marks=pytest.mark.long)]
)
@pytest.mark.parametrize('way', WAYS)
def test_busy_tagger_ends_cleanly(
    peer: Peer, start_node: Callable[..., NodeProcess], way: str, repetitions: int
) -> None:
    tags = peer.collect(Classification, 'tagger/tags')
    camera = peer.publisher(Image, 'image')
    for i in range(repetitions):
        # The previous process may have published one more result; the stamp differs.
        msg = image_at(picture(), 1.0 + i)
        node = start_node('tagger')
        peer.until(
            lambda msg=msg: (camera.publish(msg), tags and tags[-1].header == msg.header)[1]
        )
        send(node, WAYS[way], peer, lambda msg=msg: camera.publish(msg))
        assert node.process.wait(stretched(2)) == 0, node.log
        assert_quiet(node)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_ends_cleanly_while_it_starts(
    peer: Peer, start_node: Callable[..., NodeProcess], number: int
) -> None:
    delays_s = {start_node('tagger'): delay_s for delay_s in DELAYS_S}
    ready_s: dict[NodeProcess, float] = {}
    signalled: set[NodeProcess] = set()

    def all_signalled() -> bool:
        now_s = time.monotonic()
        for node, delay_s in delays_s.items():
            # Before our code runs, a signal ends Python without a clean-up.
            if node not in ready_s and handles_signals(node.process.pid):
                ready_s[node] = now_s
            if node not in signalled and now_s >= ready_s.get(node, now_s) + delay_s:
                node.send(number)
                signalled.add(node)
        return len(signalled) == len(delays_s)

    peer.until(all_signalled)
    for node, delay_s in delays_s.items():
        assert node.process.wait(stretched(3)) == 0, f'after {delay_s} s: {node.log}'
        assert_quiet(node)


@pytest.mark.parametrize('way', WAYS)
def test_busy_process_of_three_nodes_ends_cleanly(
    peer: Peer, start_node: Callable[..., NodeProcess], way: str
) -> None:
    results = [
        peer.collect(Classification, 'tagger/tags'),
        peer.collect(Detection2DArray, 'digit_reader/digits'),
        peer.collect(HumanPoseArray, 'pose_estimator/poses'),
    ]
    camera = peer.publisher(Image, 'image')
    msg = image_at(picture(), 1.0)
    node = start_node('perception')
    peer.until(lambda: (camera.publish(msg), all(results))[1])
    own = shared_memory(node.process.pid) - shared_memory(os.getpid())
    assert own
    send(node, WAYS[way], peer, lambda: camera.publish(msg))
    assert node.process.wait(stretched(2)) == 0, node.log
    assert_quiet(node)
    assert not [file for file in own if file.exists() and not is_in_use(file)]


@pytest.mark.parametrize('delay_s', [0.5, 1.0, 1.5])
def test_process_of_three_nodes_ends_cleanly_while_it_starts(
    peer: Peer, start_node: Callable[..., NodeProcess], delay_s: float
) -> None:
    node = start_node('perception')
    peer.until(lambda: handles_signals(node.process.pid))
    time.sleep(delay_s)
    node.send(signal.SIGINT)
    # Making a node cannot be interrupted, and takes long on a busy machine.
    assert node.process.wait(stretched(6)) == 0, node.log
    assert_quiet(node)


def test_ends_cleanly_while_the_network_is_exported(
    peer: Peer, start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    node = start_node('tagger', environment={'NN_PERCEPTION_CACHE': str(tmp_path / 'cache')})
    peer.until(lambda: list((tmp_path / 'cache').rglob('*')))
    peer.spin(1.0)
    node.send(signal.SIGINT)
    assert node.process.wait(stretched(3)) == 0, node.log
    assert_quiet(node)
    assert not list((tmp_path / 'cache').rglob('*.onnx'))


def send(
    node: NodeProcess, signals: tuple[int, ...], peer: Peer, meanwhile: Callable[[], None]
) -> None:
    """Send signals 10 ms apart to a node that is processing images."""
    for number in signals:
        meanwhile()
        node.send(number)
        peer.spin(0.01)


def shared_memory(pid: int) -> set[Path]:
    """List the files in shared memory that a process maps."""
    lines = Path(f'/proc/{pid}/maps').read_text().splitlines()
    return {Path(line.split()[-1]) for line in lines if '/dev/shm/' in line}


def is_in_use(file: Path) -> bool:
    """
    Tell whether a living process owns a file of Fast DDS in shared memory.

    Its owner holds a lock. The number of a port is reused by the next process, whatever its
    domain.
    """
    with contextlib.suppress(FileNotFoundError), open(f'{file}_el', 'rb') as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def handles_signals(pid: int) -> bool:
    """Tell whether our handlers are installed; Python has none for SIGTERM, but one for SIGINT."""
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('SigCgt:'):
            return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False


def assert_quiet(node: NodeProcess) -> None:
    """Check that the log contains no error."""
    for word in ('Traceback', 'Error', 'error', 'terminate called', 'KeyboardInterrupt'):
        assert word not in node.log, node.log
