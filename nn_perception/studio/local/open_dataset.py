"""The dataset of the page: open for writing, or watched while another process has it open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import logging
from pathlib import Path
import threading

from nn_perception.core.files.names import checked_name
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder
from nn_perception.training.datasets.frame_index import FrameIndex
from nn_perception.training.datasets.labelled_frames import MANIFEST, read_frames
from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.datasets.media.pictures import IMAGES
from nn_perception.training.recording.frame_embeddings import FrameEmbeddings
from nn_perception.training.recording.frame_recorder import FrameRecorder

LOG = logging.getLogger(__name__)

# How often the dataset of another process is looked at, and tried to be opened.
POLL_PERIOD_S = 1.0


@dataclass(frozen=True)
class DatasetPlace:
    """
    Which dataset it is.

    :param root: folder of all datasets
    :param name: its name
    :param quota_bytes: maximum size of all its files together; 0 for no limit
    :param medium: what it holds
    """

    root: Path
    name: str
    quota_bytes: int
    medium: Medium = IMAGES

    @property
    def folder(self) -> Path:
        """Its folder."""
        return self.root / checked_name(self.name, 'dataset')


class OpenDataset:
    """
    A dataset that is open for writing; while another process has it open, it is only read.

    :ivar reason: why nothing can be stored, in words; empty if it can
    :param place: which dataset it is
    :param load_embedder: loads the network that computes the embeddings of new frames
    """

    def __init__(self, place: DatasetPlace, load_embedder: Callable[[], Embedder]) -> None:
        self.place = place
        self.reason = ''
        self._load_embedder = load_embedder
        self._index = FrameIndex(place.medium)
        self._seen: tuple[int, int] | None = None
        self._recorder: FrameRecorder | None = None
        self._closing = threading.Event()
        self._poll()
        self._thread = threading.Thread(target=self._run, name='dataset poll', daemon=True)
        if self._recorder is None:
            self._thread.start()

    @property
    def index(self) -> FrameIndex:
        """The frames."""
        recorder = self._recorder
        return self._index if recorder is None else recorder.dataset.index

    @property
    def recorder(self) -> FrameRecorder:
        """
        The dataset, open for writing.

        :raises ValueError: if another process has it open
        """
        if self._recorder is None:
            raise ValueError(self.reason)
        return self._recorder

    @property
    def recording(self) -> str:
        """The label that is being recorded; empty if there is none."""
        recorder = self._recorder
        return '' if recorder is None else recorder.label

    def take_problem(self) -> str:
        """Return why a recording ended by itself since the last call; empty if none did."""
        recorder = self._recorder
        return '' if recorder is None else recorder.take_problem()

    def counts(self) -> Mapping[str, int]:
        """Count the frames of each label, sorted by label."""
        return self.index.counts()

    def close(self) -> None:
        """Finish what is being stored, and let other processes write."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.close()

    def _run(self) -> None:
        while self._recorder is None and not self._closing.wait(POLL_PERIOD_S):
            self._poll()

    def _poll(self) -> None:
        place = self.place
        try:
            dataset = Dataset.open(place.root, place.name, place.quota_bytes, place.medium)
        except (OSError, ValueError) as error:
            if not self.reason:
                LOG.warning('%s', error)
            self.reason = f'{error}; this page only shows it'
            self._read()
            return
        self._recorder = FrameRecorder(dataset, FrameEmbeddings(self._load_embedder))
        self.reason = ''

    def _read(self) -> None:
        """List the frames that another process stores."""
        try:
            status = (self.place.folder / MANIFEST).stat()
            seen = status.st_mtime_ns, status.st_size
            if seen == self._seen:
                return
            index = FrameIndex(self.place.medium)
            for frame in read_frames(self.place.folder).frames:
                index.add(frame, frame.path.stat().st_size)
        except (OSError, ValueError) as error:
            # A frame may be deleted meanwhile; the next look finds the rest.
            LOG.debug('%s', error)
            return
        self._index, self._seen = index, seen
