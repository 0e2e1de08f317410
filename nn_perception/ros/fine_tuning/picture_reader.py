"""Read stored pictures for those who look through a dataset."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
import threading

from nn_perception.core.imaging.thumbnails import read_picture
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import LabelledFrame

# A page shows fewer pictures at once.
MAX_PENDING = 64


@dataclass(frozen=True)
class StoredPicture:
    """
    The picture of a frame.

    :param frame: the frame
    :param data: encoded
    :param format: of the data: ``jpeg``, ``png`` and so on
    """

    frame: LabelledFrame
    data: bytes
    format: str


class PictureReader:
    """Reads pictures in a thread of its own: whoever looks at them delays no new frame."""

    def __init__(self) -> None:
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
        return StoredPicture(frame, *read_picture(frame.path, max_size_px))
