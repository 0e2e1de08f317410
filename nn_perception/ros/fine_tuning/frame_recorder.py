"""Labelled frames from cameras: captured one by one, or recorded continuously."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
import time

from nn_perception.core.frame import Frame
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder
from nn_perception.training.recording import frame_recorder
from nn_perception.training.recording.frame_embeddings import FrameEmbeddings

Added = frame_recorder.Added


class NodeRecorder(frame_recorder.FrameRecorder):
    """
    A dataset of a node, and the loaded network of its embeddings; threads may share it.

    :ivar device: what runs the network where, in one line

    :param dataset: open for writing; :meth:`close` closes it
    :param embedder: :meth:`close` closes it
    """

    def __init__(self, dataset: Dataset, embedder: Embedder) -> None:
        super().__init__(dataset, FrameEmbeddings(lambda: embedder))
        self.device = embedder.description
        self._embedder = embedder

    def close(self) -> None:
        """Finish the pending captures, close the dataset, and free the network."""
        super().close()
        self._embedder.close()


class FrameRecorder(NodeRecorder):
    """
    A dataset that gets the frames of cameras, with their embeddings; threads may share it.

    :param dataset: open for writing; :meth:`close` closes it
    :param embedder: :meth:`close` closes it
    :param topics: name of each camera -> topic of its images
    """

    def __init__(self, dataset: Dataset, embedder: Embedder, topics: Mapping[str, str]) -> None:
        super().__init__(dataset, embedder)
        self._topics = topics
        self._latest: tuple[Frame, float] | None = None

    def latest(self, max_age_s: float) -> Frame | None:
        """Return the frame that arrived last, unless that was longer ago."""
        latest = self._latest
        if latest is None or time.monotonic() - latest[1] > max_age_s:
            return None
        return latest[0]

    def process(self, frames: Sequence[Frame]) -> list[bool]:
        """
        Keep the latest frame, and store frames of a recording.

        Called in the thread that processes the frames of the cameras.

        :returns: for each frame, whether it was stored or has ended the recording
        """
        return [self._receive(frame) for frame in frames]

    def _receive(self, frame: Frame) -> bool:
        self._latest = frame, time.monotonic()
        topic = self._topics[frame.source]
        return self.receive(lambda: frame.image_bgr, _stamp_ns(frame), topic)

    def capture(self, frame: Frame, label: str) -> Future[Added]:
        """Store a frame with its embedding, see :meth:`add`."""
        return self.add(
            lambda: frame.image_bgr, label, _stamp_ns(frame), self._topics[frame.source]
        )


def _stamp_ns(frame: Frame) -> int:
    stamp = frame.header.stamp
    return int(stamp.sec * 10**9 + stamp.nanosec)
