"""Pictures and results on their way over DDS and through the page's WebSocket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import re
import signal
import statistics
import sys

from patience import PATIENCE_S, slowness, wait_until
import pytest
from ros_graph import NodeProcess, Peer
from viewer_client import ViewerClient
from vision_msgs.msg import Classification

RATE_HZ = 30
MAX_AGE_MS = 80.0
MAX_MEMORY_MB = 250
VIEWERS = 10
PICTURES = 40


def address_of(node: NodeProcess) -> str:
    return wait_until(lambda: re.search(r'the page is at (\S+)', node.log))[1]


@pytest.fixture
def watch() -> Iterator[Callable[..., ViewerClient]]:
    """Watch cameras; all viewers leave at the end."""
    viewers: list[ViewerClient] = []

    def start(address: str, camera: str, *capabilities: str) -> ViewerClient:
        viewers.append(ViewerClient(address, camera, capabilities))
        return viewers[-1]

    yield start
    for viewer in viewers:
        viewer.close()


def memory_mb(node: NodeProcess) -> float:
    """Return the largest resident memory of a process so far."""
    text = Path(f'/proc/{node.process.pid}/status').read_text()
    return int(re.search(r'VmHWM:\s+(\d+)', text)[1]) / 1000


def test_pictures_come_with_the_tags_of_the_tagger(
    peer: Peer,
    start_node: Callable[..., NodeProcess],
    watch: Callable[..., ViewerClient],
) -> None:
    studio = start_node('studio', parameters={'port': 0})
    address = address_of(studio)
    start_node('camera_source', parameters={'rate': 5.0})
    tagger = start_node('tagger')
    tags = peer.collect(Classification, '/tagger/tags')
    peer.until(lambda: tags)
    assert peer.node.count_subscribers('/image/compressed') == 0
    viewer = watch(address, '/image', 'tags')
    peer.until(lambda: len(viewer.results) > 5)
    peer.spin(0.5)
    shown = {picture.stamp_ns for picture in viewer.pictures}
    published = {stamp_of(msg): msg for msg in tags}
    for result in viewer.results[:5]:
        stamp_ns = int(result['stamp'])
        assert stamp_ns in shown
        expected = [(tag.class_id, round(tag.score, 6)) for tag in published[stamp_ns].results]
        found = [(tag['label'], tag['score']) for tag in result['values']['tags']]
        assert found == expected
    # A tagger that dies and comes back is followed.
    tagger.process.kill()
    tagger.process.wait()
    peer.spin(0.5)
    before, pictures = len(viewer.results), len(viewer.pictures)
    start_node('tagger')
    peer.until(lambda: len(viewer.results) > before + 3)
    assert len(viewer.pictures) > pictures
    # Nobody looks.
    viewer.close()
    peer.until(lambda: peer.node.count_subscribers('/image/compressed') == 0)
    peer.until(lambda: peer.node.count_subscribers('/tagger/tags') == 1)  # of this test


def stamp_of(msg: Classification) -> int:
    return int(msg.header.stamp.sec * 1_000_000_000 + msg.header.stamp.nanosec)


def test_a_page_that_dies_and_comes_back(
    peer: Peer,
    start_node: Callable[..., NodeProcess],
    watch: Callable[..., ViewerClient],
) -> None:
    start_node('camera_source', parameters={'rate': 10.0})
    studio = start_node('studio', parameters={'port': 0})
    address = address_of(studio)
    viewer = watch(address, '/image')
    peer.until(lambda: viewer.pictures)
    studio.send(signal.SIGKILL)
    studio.process.wait()
    again = start_node('studio', parameters={'port': int(address.rpartition(':')[2])})
    assert address_of(again) == address
    viewer = watch(address, '/image')
    peer.until(lambda: len(viewer.pictures) > 3)
    # Ends cleanly in the middle of all that.
    again.send(signal.SIGINT)
    assert again.process.wait(PATIENCE_S) == 0, again.log
    assert 'Traceback' not in again.log


def test_why_no_picture_comes(
    peer: Peer,
    start_node: Callable[..., NodeProcess],
    watch: Callable[..., ViewerClient],
) -> None:
    address = address_of(start_node('studio', parameters={'port': 0}))
    viewer = watch(address, '/image')
    peer.until(lambda: "nobody publishes images on '/image'" in viewer.messages)
    camera = start_node('camera_source', parameters={'rate': 10.0})
    peer.until(lambda: viewer.pictures)
    peer.until(lambda: viewer.messages[-1] == '')
    camera.process.kill()
    peer.until(lambda: viewer.messages[-1].startswith('no image for '))


@pytest.mark.parametrize('transport', ['compressed', pytest.param('raw', marks=pytest.mark.long)])
def test_ten_viewers_of_a_fast_camera(
    peer: Peer,
    start_node: Callable[..., NodeProcess],
    watch: Callable[..., ViewerClient],
    transport: str,
) -> None:
    rate = {'rate': float(RATE_HZ), 'width': 640, 'height': 480}
    topic = '/image/compressed'
    arguments = []
    if transport == 'raw':
        topic = '/image'
        # Nothing is found beside the raw images.
        arguments = ['-r', 'image/compressed:=hidden/elsewhere']
    camera = start_node('camera_source', parameters=rate, ros_args=arguments)
    studio = start_node('studio', parameters={'port': 0})
    address = address_of(studio)
    peer.until(lambda: peer.node.count_publishers(topic))
    viewers = [watch(address, '/image') for _ in range(VIEWERS)]
    peer.until(lambda: all(viewer.pictures for viewer in viewers))
    # The graph of the test's own node may learn of it later, or in between of a change.
    peer.until(lambda: peer.node.count_subscribers(topic) == 1)
    peer.spin(0.5)
    assert peer.node.count_subscribers(topic) == 1
    for viewer in viewers:
        viewer.pictures.clear()
    peer.until(lambda: min(len(viewer.pictures) for viewer in viewers) >= PICTURES)
    ages_ms = [picture.age_ms for viewer in viewers for picture in viewer.pictures]
    median_ms, memory = statistics.median(ages_ms), memory_mb(studio)
    sys.stdout.write(f'{transport}: {median_ms:.1f} ms median age, {memory:.0f} MB\n')
    assert median_ms < MAX_AGE_MS * slowness(), ages_ms[:20]
    assert memory < MAX_MEMORY_MB
    assert camera.process.poll() is None
