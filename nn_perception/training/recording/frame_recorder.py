"""Labelled frames, or clips of sound: stored one by one, or recorded continuously."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
import logging
import math
import threading
import time
from typing import Any
import uuid

from nn_perception.core.files.names import checked_label
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import distinct_label, LabelledFrame
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.model_store.relabel import rename_label, RenamedLabel, StoredModel
from nn_perception.training.recording.frame_embeddings import FrameEmbeddings
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

# Each pending capture holds an image or a sound in memory.
MAX_PENDING = 16
RECORDING_NAME = 12
# An image: uint8, ``(H, W, 3)``, blue first. Or a sound: float32, ``(S,)``, at 16 kHz.
Item = NDArray[Any]
Added = tuple[list[LabelledFrame], int]
"""The stored frame, or the clips of a sound, and the number of frames of their label."""
Stored = list[tuple[Item, LabelledFrame]]


@dataclass
class Recording:
    """
    A continuous recording.

    :param label: label of the frames
    :param period_s: minimum time between two frames
    :param due_s: time of the next frame on the monotonic clock
    :param end_s: time at which it ends by itself, on the same clock
    :param name: distinguishes it from others
    """

    label: str
    period_s: float
    due_s: float
    end_s: float
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:RECORDING_NAME])


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

    # Called in the thread in which images, or seconds of sound, arrive.

    def receive(self, decode: Callable[[], Item], stamp_ns: int, topic: str = '') -> bool:
        """
        Store an image, or a second of sound, if it is due in the recording.

        :param decode: returns it; called only if it is stored
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
                stored = self._store(decode(), recording.label, stamp_ns, topic, recording.name)
            except (ValueError, OSError) as error:
                # Nothing more can be stored until somebody has looked into it.
                self._end(recording, str(error))
                return True
        if self.dataset.medium is SOUNDS:
            # The sound that comes meanwhile must not get lost, and a clip comes once a second.
            self._network.submit(self._embed, stored)
        else:
            self._embed(stored)
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
        Start to record what arrives, or let the same recording last longer.

        All clips of a recording belong together, see :meth:`Dataset.add_clip`.

        :param rate_hz: maximum number of frames or clips per second; 0: all
        :param timeout_s: time after which it ends by itself; 0: it does not
        :returns: the label in its normal form, when no frame of an earlier recording is being
            stored any more
        :raises ValueError: if label, rate or timeout is not allowed
        """
        if not 0.0 <= rate_hz < math.inf:
            raise ValueError(f'rate must be 0 (all that arrives) or more, got {rate_hz}')
        if not 0.0 <= timeout_s < math.inf:
            raise ValueError(f'timeout must be 0 (none) or more seconds, got {timeout_s}')
        label = distinct_label(label, self.dataset.counts())
        now_s = time.monotonic()
        if self.dataset.medium is SOUNDS and rate_hz >= 1.0:
            rate_hz = 0.0  # one second follows the other, but not at even times
        period_s = 1.0 / rate_hz if rate_hz else 0.0
        current = self._recording
        resumes = current is not None and (current.label, current.period_s) == (label, period_s)
        due_s = current.due_s if current is not None and resumes else now_s
        end_s = now_s + timeout_s if timeout_s else math.inf
        new = Recording(label, period_s, due_s, end_s)
        if current is not None and resumes:
            new.name = current.name
        return self._replace(new)

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
        self,
        decode: Callable[[], Item],
        label: str,
        stamp_ns: int,
        topic: str = '',
        recording: str = '',
    ) -> Future[Added]:
        """
        Store a picture, or a sound of any length, with its embeddings.

        :param decode: returns it; called in the thread that stores it
        :param recording: name of the recording that a sound is from
        :returns: what was stored, and the number of frames that its label has with it. The future
            raises ValueError if the label is not allowed, OSError if it cannot be stored
        :raises BlockingIOError: if too many frames are pending
        """
        if not self._pending.acquire(blocking=False):
            raise BlockingIOError(f'{MAX_PENDING} frames are pending; try again later')
        added: Future[Added] = Future()
        added.add_done_callback(lambda _: self._pending.release())

        def store() -> tuple[Stored, Added]:
            stored = self._store(decode(), label, stamp_ns, topic, recording)
            frames = [frame for _, frame in stored]
            # Nothing is deleted in between.
            return stored, (frames, self.dataset.counts()[frames[0].label])

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

    def _store(self, item: Item, label: str, stamp_ns: int, topic: str, recording: str) -> Stored:
        """Store an image, or cut a sound into clips and store them."""
        if self.dataset.medium is not SOUNDS:
            return [(item, self.dataset.add(item, label, stamp_ns, topic))]
        clips = self.dataset.add_sound(item, label, stamp_ns, topic, recording)
        return [(SOUNDS.read(clip.path), clip) for clip in clips]

    def _embed(self, stored: Stored) -> None:
        for item, frame in stored:
            self._embeddings.store(item, frame)

    def _embed_next(self, stored: Future[tuple[Stored, Added]], added: Future[Added]) -> None:
        """Pass what was stored on to the network; the capture is complete after that."""
        if (error := stored.exception()) is not None:
            added.set_exception(error)
            return
        items, result = stored.result()
        embedded = self._network.submit(self._embed, items)
        embedded.add_done_callback(lambda _: added.set_result(result))
