"""
What a bad image costs the others of its batch, and what a slow one costs everybody.

``Node``, the cameras and the images are stand-ins: no real camera sends images that a network
rejects, and all in one batch, on demand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import threading
import time
from types import SimpleNamespace
from typing import Any

from nn_perception.core.frame import Frame
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.frame_worker import FrameWorker
from nn_perception.ros.base.slots_and_stages import WorkStage
from nn_perception.ros.base.worker import DECODING_TIMEOUT_S, PROCESSING_TIMEOUT_S
from nn_perception.ros.diagnostics.frame_statistics import FrameStatistics
import numpy as np
from patience import PATIENCE_S, stretched, wait_until
import pytest
from std_msgs.msg import Header

BAD = 13


class Parameters:
    """The parameters of a node, all at their defaults."""

    value = CameraParameters()


class Node:
    """Rejects a batch that contains a bad image, and keeps what is published."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.warnings: list[str] = []

    def get_name(self) -> str:
        """Name the thread."""
        return 'node'

    def get_logger(self) -> SimpleNamespace:
        """Keep warnings."""
        return SimpleNamespace(warning=self.warnings.append)

    def get_clock(self) -> Any:
        """Always show one second."""
        return SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=10**9))

    def process(self, frames: Sequence[Frame]) -> list[int]:
        """Return each image's first value."""
        values = [int(frame.image_bgr[0, 0, 0]) for frame in frames]
        if BAD in values:
            raise ValueError('the network does not like it')
        return values

    def publish(self, frame: Frame, result: int) -> None:
        """Keep the result."""
        self.published.append(f'{frame.source} {result}')


class StandInCamera:
    """A camera whose overlay has no subscriber."""

    overlay = SimpleNamespace(get_subscription_count=lambda: 0)

    def __init__(self, name: str) -> None:
        self.name = name
        self.log_prefix = f'{name}: '
        self.statistics = FrameStatistics()


def received(value: int) -> Any:
    """Make an image of one value."""
    image = np.full((4, 4, 3), value, np.uint8)
    return SimpleNamespace(
        message=SimpleNamespace(header=Header()), stamp_s=0.0, bgr=lambda _max_pixels: image
    )


def test_the_others_of_a_batch_get_their_results_without_a_bad_image() -> None:
    node = Node()
    worker: FrameWorker[int] = FrameWorker(node, node, Parameters())
    cameras = {name: StandInCamera(name) for name in ('front', 'left', 'rear')}
    for one, value in zip(cameras.values(), (1, BAD, 3), strict=True):
        worker.slots.put(one, received(value))
    worker.process_images(worker.slots.take(0.0), node, WorkStage())
    assert node.published == ['front 1', 'rear 3']
    assert node.warnings == ['left: rejected an image: the network does not like it']
    reports = {name: one.statistics.report() for name, one in cameras.items()}
    assert [report.processed for report in reports.values()] == [1, 0, 1]
    assert [report.rejected for report in reports.values()] == [0, 1, 0]


class SlowImage:
    """An image that is decoded when the test says so."""

    message = SimpleNamespace(header=Header())
    stamp_s = 0.0

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.ended = threading.Event()

    def bgr(self, _max_pixels: int) -> np.ndarray:
        """Wait, then give an image of sevens."""
        self.begun.set()
        self.may_end.wait(PATIENCE_S)
        self.ended.set()
        return np.full((4, 4, 3), 7, np.uint8)


@pytest.fixture
def running() -> Iterator[tuple[Node, FrameWorker[int], StandInCamera]]:
    """Start a worker with one camera."""
    node = Node()
    worker: FrameWorker[int] = FrameWorker(node, node, Parameters())
    worker.start(node)
    yield node, worker, StandInCamera('front')
    worker.stop()


def test_stopping_does_not_wait_for_a_decoder(running: Any) -> None:
    node, worker, camera = running
    slow = SlowImage()
    worker.slots.put(camera, slow)
    assert slow.begun.wait(PATIENCE_S)
    assert worker.lasting_stage(0.0) == 'decoding an image for 0 s'
    began_s = time.monotonic()
    worker.stop()
    assert time.monotonic() - began_s < stretched(1)
    assert not worker.running
    assert not slow.ended.is_set()

    # It works again at once, and the image that was given up has no result when it is done.
    worker.start(node)
    assert not worker.lasting_stage(0.0)
    slow.may_end.set()
    worker.slots.put(camera, received(3))
    wait_until(lambda: node.published)
    assert slow.ended.wait(PATIENCE_S)
    worker.stop()
    assert node.published == ['front 3']
    assert camera.statistics.report().processed == 1


def test_stopping_waits_for_a_result(running: Any) -> None:
    node, worker, camera = running
    begun = threading.Event()

    def process(frames: Sequence[Frame]) -> list[int]:
        begun.set()
        time.sleep(2 * DECODING_TIMEOUT_S)
        return [1 for _ in frames]

    node.process = process
    worker.slots.put(camera, received(1))
    assert begun.wait(PATIENCE_S)
    worker.stop()
    assert node.published == ['front 1']


class SlowNetwork:
    """A network that ends when the test says so."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def process(self, frames: Sequence[Frame]) -> list[int]:
        """Wait, then give a result for each frame."""
        self.begun.set()
        self.may_end.wait(PATIENCE_S)
        return [5 for _ in frames]


def test_stopping_does_not_wait_for_a_network_that_takes_long() -> None:
    node, network = Node(), SlowNetwork()
    worker: FrameWorker[int] = FrameWorker(node, node, Parameters())
    worker.start(network)
    worker.slots.put(StandInCamera('front'), received(1))
    assert network.begun.wait(PATIENCE_S)
    assert worker.lasting_stage(0.0) == 'processing an image for 0 s'
    began_s = time.monotonic()
    worker.request_stop()
    assert time.monotonic() - began_s < stretched(0.1)
    worker.stop()
    assert time.monotonic() - began_s < stretched(1.5)
    network.may_end.set()
    worker.start(node)
    worker.slots.put(StandInCamera('rear'), received(2))
    wait_until(lambda: node.published)
    worker.stop()
    assert node.published == ['rear 2']


def test_what_is_stored_is_waited_for() -> None:
    node, network = Node(), SlowNetwork()
    worker: FrameWorker[int] = FrameWorker(node, node, Parameters())
    worker.start(network)
    worker.slots.put(StandInCamera('front'), received(1))
    assert network.begun.wait(PATIENCE_S)
    timer = threading.Timer(2 * PROCESSING_TIMEOUT_S, network.may_end.set)
    timer.start()
    worker.finishes = True
    worker.stop()
    assert node.published == ['front 5']


def test_an_image_that_is_soon_decoded_is_published_when_the_worker_stops(running: Any) -> None:
    node, worker, camera = running
    slow = SlowImage()
    worker.slots.put(camera, slow)
    assert slow.begun.wait(PATIENCE_S)
    slow.may_end.set()
    worker.stop()
    assert node.published == ['front 7']
