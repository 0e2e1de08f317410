"""The frames of an open dataset in memory: counting and listing them never waits for the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
import threading

from nn_perception.core.quoting import quoted
from nn_perception.training.datasets.labelled_frames import LabelledFrame
from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.datasets.media.pictures import IMAGES


@dataclass(frozen=True)
class FramePage:
    """
    A part of a list of frames.

    :param total: number of frames of the whole list
    :param frames: those of this part
    """

    total: int
    frames: tuple[LabelledFrame, ...]


class FrameIndex:
    """
    Frames and the sizes of their files, in the order in which they were stored.

    Threads may share it: the lock is held only while the dictionaries are read or changed.

    :param medium: what they are called in sentences
    """

    def __init__(self, medium: Medium = IMAGES) -> None:
        self._words = medium.words
        self._lock = threading.Lock()
        self._frames: dict[str, LabelledFrame] = {}
        self._sizes: dict[str, int] = {}

    def frames(self) -> list[LabelledFrame]:
        """List the frames."""
        with self._lock:
            return list(self._frames.values())

    def counts(self) -> dict[str, int]:
        """Count the frames of each label, sorted by label."""
        return dict(sorted(Counter(frame.label for frame in self.frames()).items()))

    @property
    def size_bytes(self) -> int:
        """The size of all pictures together."""
        with self._lock:
            return sum(self._sizes.values())

    def newest(self, label: str, offset: int, limit: int) -> FramePage:
        """
        List frames, the newest first.

        :param label: only frames of this label; empty: all
        :param offset: number of frames to skip
        :param limit: maximum number of frames
        """
        frames = self.frames()
        if label:
            frames = [frame for frame in frames if frame.label == label]
        frames.reverse()
        return FramePage(len(frames), tuple(frames[offset : offset + limit]))

    def of_label(self, label: str) -> list[LabelledFrame]:
        """
        List the frames of a label.

        :raises ValueError: if it has none
        """
        found = [frame for frame in self.frames() if frame.label == label]
        if not found:
            known = ', '.join(self.counts()) or 'none'
            items = self._words.items
            raise ValueError(f'no {items} have the label {label}; existing labels: {known}')
        return found

    def by_id(self, frame_id: str) -> LabelledFrame:
        """
        Find a frame.

        :param frame_id: see :attr:`LabelledFrame.id`
        :raises ValueError: if there is no such frame
        """
        with self._lock:
            found = self._frames.get(frame_id)
        if found is None and '\\' in frame_id:  # for a byte of a file name that is no text
            found = next((frame for frame in self.frames() if frame.id == frame_id), None)
        if found is None:
            raise ValueError(f'there is no {self._words.item} {quoted(frame_id)}')
        return found

    def add(self, frame: LabelledFrame, size_bytes: int) -> None:
        """Add a frame."""
        with self._lock:
            self._frames[frame.file] = frame
            self._sizes[frame.file] = size_bytes

    def remove(self, frame: LabelledFrame) -> None:
        """Remove a frame."""
        with self._lock:
            del self._frames[frame.file], self._sizes[frame.file]

    def replace_all(self, frames: Iterable[LabelledFrame]) -> None:
        """Replace each frame, in their order; the files keep their sizes."""
        with self._lock:
            self._frames = {frame.file: frame for frame in frames}
            self._sizes = dict(zip(self._frames, self._sizes.values(), strict=True))
