"""Webcams as frames."""

from __future__ import annotations

import cv2
from nn_perception.sources.video import VideoSource


class WebcamSource(VideoSource):
    """A webcam: a stream of the present, which has no beginning to go back to."""

    live = True

    def rewind(self) -> bool:
        """Return False."""
        return False


def is_webcam(name: str) -> bool:
    """Tell whether a source is given as the number or the device of a webcam."""
    return name.isdecimal() or name.startswith('/dev/')


def open_webcam(name: str) -> WebcamSource:
    """
    Open a webcam.

    :param name: its number or its device
    :raises ValueError: if there is no such webcam, or it is in use
    """
    capture = cv2.VideoCapture(int(name) if name.isdecimal() else name)
    if not capture.isOpened():
        raise ValueError(f'webcam {name} does not exist, or another program is using it')
    # By default up to four frames wait in the driver, and each image is that much too old.
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return WebcamSource(capture, f'webcam {name}')
