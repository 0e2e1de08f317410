"""Video files as frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
from nn_perception.core.frame import Frame
import numpy as np

# Of a video or webcam that does not report its rate.
DEFAULT_RATE_HZ = 30.0


class VideoSource:
    """
    A stream that OpenCV reads.

    :param capture: open
    :param name: the frames are named after it
    """

    live = False
    calibration: dict[str, Any] | None = None

    def __init__(self, capture: cv2.VideoCapture, name: str) -> None:
        self._capture = capture
        self._name = name
        self._count = 0
        reported_hz = capture.get(cv2.CAP_PROP_FPS)
        self.rate_hz = reported_hz if 0.1 <= reported_hz <= 1000.0 else DEFAULT_RATE_HZ

    def read(self) -> Frame | None:
        """Read the next frame; None at the end, or when OpenCV returned none."""
        good, image = self._capture.read()
        if not good:
            return None
        self._count += 1
        return Frame(np.asarray(image, np.uint8), f'{self._name}#{self._count}')

    def rewind(self) -> bool:
        """Start the video again; False if it had no frame or cannot be rewound."""
        if not self._count:
            return False
        self._count = 0
        return bool(self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0))

    def close(self) -> None:
        """Close the file or device."""
        self._capture.release()


def open_video(path: Path) -> VideoSource:
    """
    Open a video file.

    :raises ValueError: if OpenCV cannot read it
    """
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise ValueError(f'{path} is not a video that OpenCV can read')
    return VideoSource(capture, path.name)
