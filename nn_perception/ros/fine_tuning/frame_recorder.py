"""Labelled frames from cameras: captured one by one, or recorded continuously."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
import logging
import math
import threading
import time

from nn_perception.core.files.names import checked_label
from nn_perception.core.frame import Frame
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.ros.base.frame_processor import FRAME_ERRORS
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder, EmbeddingCache
from nn_perception.training.datasets.labelled_frames import distinct_label, LabelledFrame
from nn_perception.training.model_store.relabel import rename_label, RenamedLabel, StoredModel

LOG = logging.getLogger(__name__)

# Each pending capture holds an image in memory.
MAX_PENDING = 16
Added = tuple[LabelledFrame, int]
"""A stored frame, and the number of frames of its label."""


@dataclass
class Recording:
    """
    A continuous recording.

    :param label: label of the frames
    :param period_s: minimum time between two frames
    :param due_s: time of the next frame on the monotonic clock
    """

    label: str
    period_s: float
    due_s: float


class FrameRecorder:
    """
    A dataset, and the network that computes the embeddings of its frames; threads may share it.

    Captured frames are stored by one thread, and their embeddings computed by another one, each in
    the order of the captures.

    :ivar dataset: the dataset
    :ivar device: what runs the network where, in one line

    :param dataset: open for writing; :meth:`close` closes it
    :param embedder: :meth:`close` closes it
    :param topics: name of each camera -> topic of its images
    """

    def __init__(self, dataset: Dataset, embedder: Embedder, topics: Mapping[str, str]) -> None:
        self.dataset = dataset
        self.device = embedder.description
        self._embedder = embedder
        self._cache = EmbeddingCache.of(embedder.key)
        self._topics = topics
        self._embedding = threading.Lock()
        self._embedding_problem = ''
        self._latest: tuple[Frame, float] | None = None
        self._recording: Recording | None = None
        # Held while the recording is replaced.
        self._replacing = threading.Lock()
        # Held while a frame of the recording is stored.
        self._storing = threading.Lock()
        self._problems: deque[str] = deque(maxlen=1)
        self._pending = threading.BoundedSemaphore(MAX_PENDING)
        self._disk = ThreadPoolExecutor(1, thread_name_prefix='dataset')
        self._network = ThreadPoolExecutor(1, thread_name_prefix='embeddings')

    @property
    def label(self) -> str:
        """The label that is being recorded; empty if there is none."""
        recording = self._recording
        return recording.label if recording else ''

    def latest(self, max_age_s: float) -> Frame | None:
        """Return the frame that arrived last, unless that was longer ago."""
        latest = self._latest
        if latest is None or time.monotonic() - latest[1] > max_age_s:
            return None
        return latest[0]

    def take_problem(self) -> str:
        """Return why a recording ended by itself since the last call; empty if none did."""
        try:
            return self._problems.popleft()
        except IndexError:
            return ''

    # Called in the thread that processes the frames of the cameras.

    def process(self, frames: Sequence[Frame]) -> list[bool]:
        """
        Keep the latest frame, and store frames of a recording.

        :returns: for each frame, whether it was stored or has ended the recording
        """
        return [self._receive(frame) for frame in frames]

    def _receive(self, frame: Frame) -> bool:
        arrived_s = time.monotonic()
        self._latest = frame, arrived_s
        with self._storing:
            recording = self._recording
            if recording is None or arrived_s < recording.due_s:
                return False
            # A late frame does not delay the next ones, but missed frames are not made up for.
            recording.due_s = max(recording.due_s, arrived_s - recording.period_s)
            recording.due_s += recording.period_s
            try:
                topic = self._topics[frame.source]
                labelled = self.dataset.add(
                    frame.image_bgr, recording.label, _stamp_ns(frame), topic
                )
            except (ValueError, OSError) as error:
                # Nothing more can be stored until somebody has looked into it.
                self._end(recording, str(error))
                return True
        self._embed(frame.image_bgr, labelled)
        return True

    def _end(self, failed: Recording, reason: str) -> None:
        """End a recording that has failed, unless another one has begun meanwhile."""
        with self._replacing:
            if self._recording is not failed:
                return
            self._recording = None
        self._problems.append(f'recording ended: {reason}')
        LOG.error('recording ended: %s', reason)

    # Called by services; everything returns at once.

    def record(self, label: str, rate_hz: float) -> Future[str]:
        """
        Start to record the frames of the cameras.

        :param rate_hz: maximum number of frames per second; 0: all
        :returns: the label in its normal form, when no frame of an earlier recording is being
            stored any more
        :raises ValueError: if label or rate is not allowed
        """
        if not 0.0 <= rate_hz < math.inf:
            raise ValueError(f'rate must be 0 (every image) or more, got {rate_hz}')
        period_s = 1.0 / rate_hz if rate_hz else 0.0
        label = distinct_label(label, self.dataset.counts())
        return self._replace(Recording(label, period_s, time.monotonic()))

    def stop(self) -> Future[str]:
        """
        Stop the recording.

        :returns: empty, when no frame of the recording is being stored any more
        """
        return self._replace(None)

    def _replace(self, recording: Recording | None) -> Future[str]:
        with self._replacing:
            self._recording = recording

        def wait() -> str:
            with self._storing:
                return recording.label if recording else ''

        return self._disk.submit(wait)

    def capture(self, frame: Frame, label: str) -> Future[Added]:
        """
        Store a frame with its embedding.

        :returns: the stored frame, and the number of frames that its label has with it. The future
            raises ValueError if the label is not allowed, OSError if the frame cannot be stored
        :raises BlockingIOError: if too many frames are pending
        """
        return self.add(
            lambda: frame.image_bgr, label, _stamp_ns(frame), self._topics[frame.source]
        )

    def add(
        self, decode: Callable[[], Image], label: str, stamp_ns: int, topic: str = ''
    ) -> Future[Added]:
        """
        Store a picture with its embedding, see :meth:`capture`.

        :param decode: returns the picture, uint8, ``(H, W, 3)``, blue first; called in the thread
            that stores it
        """
        if not self._pending.acquire(blocking=False):
            raise BlockingIOError(f'{MAX_PENDING} frames are pending; try again later')
        added: Future[Added] = Future()
        added.add_done_callback(lambda _: self._pending.release())

        def store() -> tuple[Image, Added]:
            image = decode()
            labelled = self.dataset.add(image, label, stamp_ns, topic)
            # Nothing is deleted in between.
            return image, (labelled, self.dataset.counts()[labelled.label])

        stored = self._disk.submit(store)
        stored.add_done_callback(lambda _: self._embed_next(stored, added))
        return added

    def delete(self, label: str, *, newest_only: bool) -> Future[int]:
        """
        Delete frames, after the captures that are pending.

        :returns: the number of deleted frames, see :meth:`Dataset.delete` for errors
        """
        return self._disk.submit(self.dataset.delete, label, newest_only=newest_only)

    def delete_frames(self, frame_ids: Sequence[str], label: str) -> Future[int]:
        """
        Delete the given frames, after the captures that are pending.

        :returns: the number of deleted frames, see :meth:`Dataset.delete_frames` for errors
        """
        return self._disk.submit(self.dataset.delete_frames, frame_ids, label)

    def rename_label(self, model: StoredModel, label: str, new_label: str) -> Future[RenamedLabel]:
        """
        Rename a label, after the captures that are pending.

        :returns: see :func:`nn_perception.training.model_store.relabel.rename_label`
        :raises ValueError: if the label is not allowed, or is being recorded
        """
        if self.label and self.label == checked_label(label):
            raise ValueError(f'{self.label} is being recorded; stop the recording first')
        return self._disk.submit(rename_label, self.dataset, model, label, new_label)

    def close(self) -> None:
        """Finish the pending captures, close the dataset, and free the network."""
        self._recording = None
        self._disk.shutdown()  # before the network, which gets work from it
        self._network.shutdown()
        self.dataset.close()
        with self._embedding:
            self._embedder.close()

    def _embed_next(self, stored: Future[tuple[Image, Added]], added: Future[Added]) -> None:
        """Pass a stored frame on to the network; the capture is complete after that."""
        if (error := stored.exception()) is not None:
            added.set_exception(error)
            return
        image, result = stored.result()
        embedded = self._network.submit(self._embed, image, result[0])
        embedded.add_done_callback(lambda _: added.set_result(result))

    def _embed(self, image_bgr: Image, labelled: LabelledFrame) -> None:
        """Compute and cache an embedding; if that fails, fine-tuning computes it later."""
        with self._embedding:
            try:
                self._cache.add({labelled.sha256: self._embedder.features(image_bgr)})
                reason = ''
            except FRAME_ERRORS as error:
                reason = str(error)
            if reason and reason != self._embedding_problem:
                LOG.warning('%s is stored without its embedding: %s', labelled.file, reason)
            # A full cache is one line in the log, not one for each frame of a recording.
            self._embedding_problem = reason


def _stamp_ns(frame: Frame) -> int:
    stamp = frame.header.stamp
    return int(stamp.sec * 10**9 + stamp.nanosec)
