"""Video files as frames."""

from __future__ import annotations

from collections.abc import Callable
import logging
from pathlib import Path

import cv2
from nn_perception.core.frame import Frame
from nn_perception.sources.captures import capture_file
from nn_perception.sources.frame_source import MAX_INTERVAL_S, StoredFrames
from nn_perception.sources.skip_log import SkipLog
import numpy as np

LOG = logging.getLogger(__name__)

# Of a video or camera that does not report its rate.
DEFAULT_RATE_HZ = 30.0


class VideoSource(StoredFrames):
    """
    A video with an end, at the times of its frames.

    :param open_capture: opens it at its first frame; its ValueError says why it cannot
    :param name: the frames are named after it
    :raises ValueError: if it cannot be opened
    """

    def __init__(self, open_capture: Callable[[], cv2.VideoCapture], name: str) -> None:
        self._open = open_capture
        self._capture = open_capture()
        self._name = name
        self._count = 0
        self._time_ms = 0.0
        self._log = SkipLog(LOG)
        self.rate_hz = reported_rate_hz(self._capture)

    def read(self) -> Frame | None:
        """Read the next frame; None at the end."""
        good, image = self._capture.read()
        if not good:
            return None
        self._count += 1
        pixels = np.asarray(image, np.uint8)
        return Frame(pixels, f'{self._name}#{self._count}', interval_s=self._interval_s())

    def rewind(self) -> bool:
        """Start the video again; False if it had no frame or is gone."""
        if not self._count:
            return False
        # Streams of pictures, for example, have no index and cannot go back.
        self._capture.release()
        try:
            self._capture = self._open()
        except (ValueError, OSError) as error:
            self._log.warn(f'cannot be played again: {error}')
            return False
        self._count = 0
        self._time_ms = 0.0
        return True

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def _interval_s(self) -> float:
        """Compute the time since the previous frame, in seconds, from the times in the video."""
        before_ms, self._time_ms = self._time_ms, self._capture.get(cv2.CAP_PROP_POS_MSEC)
        interval_s = (self._time_ms - before_ms) * 1e-3
        if interval_s > MAX_INTERVAL_S:
            self._log.warn(
                f'{self._name}: frame {self._count} is {interval_s:.0f} s after the one before; '
                'it is played at once'
            )
        # Times that stand still or go back are those of a damaged video, or it has none.
        if self._count > 1 and 0.0 < interval_s <= MAX_INTERVAL_S:
            return interval_s
        return 1.0 / self.rate_hz


def reported_rate_hz(capture: cv2.VideoCapture) -> float:
    """Return the frame rate that a video or camera reports, or a usual one."""
    rate_hz = float(capture.get(cv2.CAP_PROP_FPS))
    return rate_hz if 0.1 <= rate_hz <= 1000.0 else DEFAULT_RATE_HZ


def open_video(path: Path) -> VideoSource:
    """
    Open a video file.

    :raises OSError: if it cannot be read
    :raises ValueError: if OpenCV cannot read it
    """
    return VideoSource(lambda: capture_file(path), path.name)
