"""What every source of frames offers."""

from __future__ import annotations

from typing import Any, Protocol

from nn_perception.core.frame import Frame

# Longer intervals between two frames are a clock that was set, not a pause.
MAX_INTERVAL_S = 60.0


class FrameSource(Protocol):
    """
    Frames, one after the other.

    :ivar rate_hz: its own frame rate, the mean one where the frames have times of their own
    :ivar live: whether the frames are of the present
    :ivar calibration: of the camera, as of
        :func:`nn_perception.core.imaging.camera_calibration.read_calibration`; None if unknown
    """

    rate_hz: float
    live: bool
    calibration: dict[str, Any] | None

    @property
    def ended(self) -> bool:
        """Whether no further frame comes once :meth:`read` returned None, unless it rewinds."""
        ...

    @property
    def problem(self) -> str:
        """Say why no frame comes from a live source; empty if nothing is wrong."""
        ...

    def read(self) -> Frame | None:
        """Read the next frame; None at the end, and where a live source has no new image yet."""
        ...

    def rewind(self) -> bool:
        """Start again from the first frame, or connect again; False if that is impossible."""
        ...

    def close(self) -> None:
        """Free the files or the device."""
        ...


class StoredFrames:
    """What the sources of stored frames, which never wait for one, have in common."""

    live = False
    calibration: dict[str, Any] | None = None

    @property
    def ended(self) -> bool:
        """Return True: there is no frame to wait for."""
        return True

    @property
    def problem(self) -> str:
        """Return an empty text."""
        return ''
