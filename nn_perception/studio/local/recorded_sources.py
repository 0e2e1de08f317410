"""What can be recorded into a dataset: the images of cameras, or the sound of microphones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.recording.frame_recorder import FrameRecorder
from numpy.typing import NDArray


class SourceRecording(Protocol):
    """A source that is recorded, or will be."""

    def start(self, source: str, label: str, rate_hz: float) -> None:
        """
        Store what the source delivers, until :meth:`stop` or until it cannot be stored.

        :raises ValueError: if there is no such source, or label or rate are not allowed
        """

    def stop(self) -> None:
        """End the recording; what it has stored stays."""

    def close(self) -> None:
        """Receive nothing any more."""


class RecordedSources(Protocol):
    """
    Sources of one kind.

    :ivar medium: what they deliver
    :ivar called: what one is called, ``camera`` for example
    """

    medium: Medium
    called: str

    def list(self) -> Sequence[CameraInfo]:
        """List the sources that exist now."""

    def recording(self, recorder: FrameRecorder) -> SourceRecording:
        """Return what records them; nothing is received yet."""

    def decode(self, file: bytes) -> NDArray[Any]:
        """
        Decode a file that somebody adds.

        :raises ValueError: if it cannot be decoded
        """

    def preview(self, content: bytes, max_size_px: int) -> bytes:
        """
        Return a stored file as a page shows it.

        :param max_size_px: of the longer side of a picture
        """
