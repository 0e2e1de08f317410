"""Labelled frames: stored one by one, or recorded continuously."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
import logging
import math
import threading
import time

from nn_perception.core.files.names import checked_label
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import distinct_label, LabelledFrame
from nn_perception.training.model_store.relabel import rename_label, RenamedLabel, StoredModel
from nn_perception.training.recording.frame_embeddings import FrameEmbeddings

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
    :param end_s: time at which it ends by itself, on the same clock
    """

    label: str
    period_s: float
    due_s: float
    end_s: float


class FrameRecorder:
    """
    A dataset, and the embeddings of its frames; threads may share it.

    Frames are stored by one thread, and their embeddings computed by another one, each in the
    order of the calls.

    :ivar dataset: the dataset
    :param dataset: open for writing; :meth:`close` closes it
    :param embeddings: :meth:`close` closes them
    """

    def __init__(self, dataset: Dataset, embeddings: FrameEmbeddings) -> None:
        self.dataset = dataset
        self._embeddings = embeddings
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
        return recording.label if recording and time.monotonic() < recording.end_s else ''

    def take_problem(self) -> str:
        """Return why a recording ended by itself since the last call; empty if none did."""
        try:
            return self._problems.popleft()
        except IndexError:
            return ''

    # Called in the thread in which images arrive.

    def receive(self, decode: Callable[[], Image], stamp_ns: int, topic: str = '') -> bool:
        """
        Store an image if it is due in the recording.

        :param decode: returns the image, uint8, ``(H, W, 3)``, blue first; called only if the
            image is stored
        :param stamp_ns: time of capture in nanoseconds; 0 if unknown
        :param topic: where it came from
        :returns: whether it was stored or has ended the recording
        """
        arrived_s = time.monotonic()
        with self._storing:
            recording = self._recording
            if recording is None:
                return False
            if arrived_s >= recording.end_s:
                self._end(recording, f'{recording.label} was not requested again in time')
                return True
            if arrived_s < recording.due_s:
                return False
            # A late frame does not delay the next ones, but missed frames are not made up for.
            recording.due_s = max(recording.due_s, arrived_s - recording.period_s)
            recording.due_s += recording.period_s
            try:
                image_bgr = decode()
                labelled = self.dataset.add(image_bgr, recording.label, stamp_ns, topic)
            except (ValueError, OSError) as error:
                # Nothing more can be stored until somebody has looked into it.
                self._end(recording, str(error))
                return True
        self._embeddings.store(image_bgr, labelled)
        return True

    def _end(self, failed: Recording, reason: str) -> None:
        """End a recording that has failed, unless another one has begun meanwhile."""
        with self._replacing:
            if self._recording is not failed:
                return
            self._recording = None
        self._problems.append(f'recording ended: {reason}')
        LOG.error('recording ended: %s', reason)

    # Everything returns at once.

    def record(self, label: str, rate_hz: float, timeout_s: float = 0.0) -> Future[str]:
        """
        Start to record the images that arrive, or let the same recording last longer.

        :param rate_hz: maximum number of frames per second; 0: all
        :param timeout_s: time after which it ends by itself; 0: it does not
        :returns: the label in its normal form, when no frame of an earlier recording is being
            stored any more
        :raises ValueError: if label, rate or timeout is not allowed
        """
        if not 0.0 <= rate_hz < math.inf:
            raise ValueError(f'rate must be 0 (every image) or more, got {rate_hz}')
        if not 0.0 <= timeout_s < math.inf:
            raise ValueError(f'timeout must be 0 (none) or more seconds, got {timeout_s}')
        label = distinct_label(label, self.dataset.counts())
        now_s = time.monotonic()
        period_s = 1.0 / rate_hz if rate_hz else 0.0
        current = self._recording
        resumes = current is not None and (current.label, current.period_s) == (label, period_s)
        due_s = current.due_s if current is not None and resumes else now_s
        end_s = now_s + timeout_s if timeout_s else math.inf
        return self._replace(Recording(label, period_s, due_s, end_s))

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

    def add(
        self, decode: Callable[[], Image], label: str, stamp_ns: int, topic: str = ''
    ) -> Future[Added]:
        """
        Store a picture with its embedding.

        :param decode: returns the picture, uint8, ``(H, W, 3)``, blue first; called in the thread
            that stores it
        :returns: the stored frame, and the number of frames that its label has with it. The future
            raises ValueError if the label is not allowed, OSError if the frame cannot be stored
        :raises BlockingIOError: if too many frames are pending
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
        self._embeddings.close()

    def _embed_next(self, stored: Future[tuple[Image, Added]], added: Future[Added]) -> None:
        """Pass a stored frame on to the network; the capture is complete after that."""
        if (error := stored.exception()) is not None:
            added.set_exception(error)
            return
        image, result = stored.result()
        embedded = self._network.submit(self._embeddings.store, image, result[0])
        embedded.add_done_callback(lambda _: added.set_result(result))
