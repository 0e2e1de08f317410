"""Test samples of runs as pictures for the browser."""

from __future__ import annotations

from collections import OrderedDict
import threading

import cv2
from nn_perception.training.runs.run import Run
import numpy as np
from numpy.typing import NDArray

# Some kilobytes each.
MAX_KEPT = 500
MAX_SIDE_PX = 256


class Pictures:
    """Test samples of runs as PNG files; those that were seen last are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def png(self, run: Run, index: int) -> bytes:
        """
        Return a test sample.

        :raises ValueError: if there is no such sample
        :raises RuntimeError: if the process of the run has ended
        """
        key = run.name, index
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        encoded = encode_png(run.test_picture(index))
        with self._lock:
            self._kept[key] = encoded
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return encoded


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """
    Write a picture as PNG, at most 256 pixels wide and high.

    :param picture: uint8, ``(H, W)``, or ``(H, W, 3)`` RGB
    """
    if picture.ndim == 3:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)
    return cv2.imencode('.png', shrunk(picture, MAX_SIDE_PX))[1].tobytes()


def shrunk(picture: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Make a picture that is larger as small as that, in both directions."""
    height, width = picture.shape[:2]
    factor = side_px / max(height, width, 1)
    if factor >= 1:
        return picture
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
