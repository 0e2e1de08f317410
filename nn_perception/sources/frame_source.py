"""What every source of frames offers."""

from __future__ import annotations

from typing import Any, Protocol

from nn_perception.core.frame import Frame


class FrameSource(Protocol):
    """
    Frames, one after the other.

    :ivar rate_hz: its own frame rate, the mean one where the frames have times of their own
    :ivar live: whether the frames are of the present, so that a missing one may still come
    :ivar calibration: of the camera, as of
        :func:`nn_perception.core.imaging.camera_calibration.read_calibration`; None if unknown
    """

    rate_hz: float
    live: bool
    calibration: dict[str, Any] | None

    def read(self) -> Frame | None:
        """Read the next frame; None at the end, and where a live source returned no image."""
        ...

    def rewind(self) -> bool:
        """Start again from the first frame; False for a source that cannot."""
        ...

    def close(self) -> None:
        """Free the files or the device."""
        ...
