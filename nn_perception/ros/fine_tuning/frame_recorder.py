"""Labelled frames from a camera: one at a time, or recorded while somebody shows a thing."""

from __future__ import annotations

from dataclasses import dataclass
import math
import threading
import time

from nn_perception.core.files.names import checked_name
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder, EmbeddingCache
import numpy as np


@dataclass(frozen=True)
class Frame:
    """
    An image as it came.

    :param image_bgr: uint8, ``(H, W, 3)``
    :param stamp_ns: of its header; 0 if it has none
    :param arrived_s: when it came, on the monotonic clock
    :param topic: where it came from
    """

    image_bgr: np.ndarray
    stamp_ns: int
    arrived_s: float
    topic: str

    @property
    def age_s(self) -> float:
        """How long ago it came."""
        return time.monotonic() - self.arrived_s


@dataclass
class Recording:
    """
    What is stored while somebody shows a thing.

    :param label: what it is
    :param period_s: least time between two frames
    """

    label: str
    period_s: float
    due_s: float = 0.0


class FrameRecorder:
    """
    A data set and the network whose embeddings are kept with its frames; threads may share it.

    :param dataset: open for writing; closed with this
    :param embedder: closed with this
    """

    def __init__(self, dataset: Dataset, embedder: Embedder) -> None:
        self.dataset = dataset
        self.device = embedder.description
        self._embedder = embedder
        self._cache = EmbeddingCache.of(embedder.key)
        self._embedding = threading.Lock()
        self._recording: Recording | None = None

    @property
    def label(self) -> str:
        """What is recorded at present; empty if nothing is."""
        recording = self._recording
        return recording.label if recording else ''

    def add(self, frame: Frame, label: str) -> int:
        """
        Store a frame with its embedding.

        :returns: how many frames the label has now
        :raises ValueError: if the label is not allowed
        :raises OSError: if the frame cannot be stored
        """
        sample = self.dataset.add(frame.image_bgr, label, frame.stamp_ns, frame.topic)
        with self._embedding:
            self._cache.add({sample.sha256: self._embedder.features(frame.image_bgr)})
        return self.dataset.counts()[sample.label]

    def record(self, label: str, rate_hz: float) -> None:
        """
        From now on store what is offered.

        :param rate_hz: frames a second at most; 0: every one
        :raises ValueError: if label or rate is not allowed
        """
        if not 0.0 <= rate_hz < math.inf:
            raise ValueError(f'rate must be 0 (every image) or more, got {rate_hz}')
        period_s = 1.0 / rate_hz if rate_hz else 0.0
        self._recording = Recording(checked_name(label, 'label'), period_s)

    def stop(self) -> None:
        """Store nothing more by itself."""
        self._recording = None

    def offer(self, frame: Frame) -> bool:
        """
        Store a frame if something is recorded and it is time; tell whether it was.

        :raises ValueError: if the label is not allowed
        :raises OSError: if the frame cannot be stored; then nothing is recorded any more
        """
        recording = self._recording
        if recording is None or frame.arrived_s < recording.due_s:
            return False
        recording.due_s = max(recording.due_s, frame.arrived_s - recording.period_s)
        recording.due_s += recording.period_s
        try:
            self.add(frame, recording.label)
        except (ValueError, OSError):
            # Nothing more can be stored until somebody has looked at it.
            self._recording = None
            raise
        return True

    def close(self) -> None:
        """Let another process write, and free the network."""
        self.stop()
        self.dataset.close()
        with self._embedding:
            self._embedder.close()
