"""Read stored pictures, or clips, for those who look through a dataset."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
import threading

from nn_perception.core.imaging.thumbnails import read_picture
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import LabelledFrame

# A page shows fewer pictures at once.
MAX_PENDING = 64


@dataclass(frozen=True)
class StoredPicture:
    """
    The picture of a frame, or the sound of a clip.

    :param frame: the frame
    :param data: encoded
    :param format: of the data: ``jpeg``, ``png``, ``wav`` and so on
    """

    frame: LabelledFrame
    data: bytes
    format: str


class PictureReader:
    """
    Reads pictures, or clips, in a thread of its own: whoever looks at them delays no new frame.

    :param read: reads a file; takes its path and the largest size in pixels, and returns the
        content and its format; None: a picture
    """

    def __init__(self, read: Callable[[Path, int], tuple[bytes, str]] | None = None) -> None:
        self._read_file = read
        self._closed = False
        self._pending = threading.BoundedSemaphore(MAX_PENDING)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix='pictures')

    def read(self, dataset: Dataset, frame_id: str, max_size_px: int) -> Future[StoredPicture]:
        """
        Read the picture of a frame.

        :param frame_id: see :attr:`LabelledFrame.id`
        :param max_size_px: see :func:`nn_perception.core.imaging.thumbnails.read_picture`, also
            for the errors that the future raises
        :raises ValueError: if there is no such frame
        :raises BlockingIOError: if too many are pending
        """
        frame = dataset.index.by_id(frame_id)
        if not self._pending.acquire(blocking=False):
            raise BlockingIOError(f'{MAX_PENDING} pictures are being read; try again later')
        read = self._thread.submit(self._read, frame, max_size_px)
        read.add_done_callback(lambda _: self._pending.release())
        return read

    def close(self) -> None:
        """Finish the picture that is being read, and reject those that wait."""
        self._closed = True
        self._thread.shutdown()

    def _read(self, frame: LabelledFrame, max_size_px: int) -> StoredPicture:
        if self._closed:
            raise RuntimeError('the node ends')
        read = self._read_file or read_picture
        return StoredPicture(frame, *read(frame.path, max_size_px))
