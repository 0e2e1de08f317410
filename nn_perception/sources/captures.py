"""Open OpenCV's captures, each with the one reader that is meant."""

from __future__ import annotations

import os
from pathlib import Path

import cv2

# The libraries below OpenCV write a line for each damaged frame, again and again; and OpenCV
# warns of what its callers say in words.
os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')
if 'OPENCV_LOG_LEVEL' not in os.environ:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)

# A camera sends a complete picture every few seconds, and OpenCV waits for the first one.
OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0


def capture_file(path: Path) -> cv2.VideoCapture:
    """
    Open a video file.

    :raises OSError: if it cannot be read
    :raises ValueError: if it is not a video that OpenCV can read
    """
    with path.open('rb') as file:
        if not file.read(1):
            raise ValueError(f'{path} is empty')
    # What comes before the first colon of a relative path would be taken for a protocol.
    capture = cv2.VideoCapture(str(path.absolute()), _ffmpeg())
    if not capture.isOpened():
        raise ValueError(f'{path} is not a video that OpenCV can read')
    return capture


def capture_stream(url: str) -> cv2.VideoCapture:
    """
    Open a stream; give up after some seconds.

    :returns: the capture, which is not open if that failed
    """
    limits = (
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(OPEN_TIMEOUT_S * 1e3)),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(READ_TIMEOUT_S * 1e3)),
    )
    return cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)


def capture_device(device: int | str) -> cv2.VideoCapture:
    """
    Open a webcam.

    :param device: its number or its path
    :returns: the capture, which is not open if that failed
    """
    # By its path, other readers would take any device for a video file.
    capture = cv2.VideoCapture(device, cv2.CAP_ANY if isinstance(device, int) else cv2.CAP_V4L2)
    # By default up to four frames wait in the driver, and each image is that much too old.
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return capture


def _ffmpeg() -> int:
    """Return the reader of video files; without FFmpeg, OpenCV chooses one of those it has."""
    known = cv2.videoio_registry.getStreamBackends()
    return cv2.CAP_FFMPEG if cv2.CAP_FFMPEG in known else cv2.CAP_ANY
