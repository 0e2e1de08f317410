"""
What a bad image costs the others of its batch.

``Node``, the cameras and the images are stand-ins: no real camera sends images that a network
rejects, and all in one batch, on demand.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from nn_perception.core.frame import Frame
from nn_perception.ros.base.frame_worker import FrameWorker
from nn_perception.ros.diagnostics.frame_statistics import FrameStatistics
import numpy as np
from std_msgs.msg import Header

BAD = 13


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
        message=SimpleNamespace(header=Header()), stamp_s=0.0, bgr=lambda: image
    )


def test_the_others_of_a_batch_get_their_results_without_a_bad_image() -> None:
    node = Node()
    worker: FrameWorker[int] = FrameWorker(node, node, lambda: 0.0)
    cameras = {name: StandInCamera(name) for name in ('front', 'left', 'rear')}
    for one, value in zip(cameras.values(), (1, BAD, 3), strict=True):
        worker.slots.put(one, received(value))
    worker.process_images(worker.slots.take(0.0), node)
    assert node.published == ['front 1', 'rear 3']
    assert node.warnings == ['left: rejected an image: the network does not like it']
    reports = {name: one.statistics.report() for name, one in cameras.items()}
    assert [report.processed for report in reports.values()] == [1, 0, 1]
    assert [report.rejected for report in reports.values()] == [0, 1, 0]
