"""Cameras of the present: webcams and streams, read in a thread of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import auto, Enum
import threading
import time
from typing import Any

import cv2
from nn_perception.core.frame import Frame
from nn_perception.sources.video import DEFAULT_RATE_HZ, reported_rate_hz
import numpy as np
from numpy.typing import NDArray

# So long :meth:`LiveSource.read` waits for a new image.
READ_WAIT_S = 0.1
# Without an image for this long, something is wrong.
SILENT_S = 2.0
# Between two attempts to connect.
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0
RETRY_S = 0.02
CLOSE_TIMEOUT_S = 0.5

StartReader = Callable[[threading.Thread], None]


@dataclass(frozen=True)
class LiveCamera:
    """
    A camera that can be opened again and again.

    :param name: the frames are named after it
    :param open_capture: opens it within some seconds; its ValueError says why it cannot
    :param lost: what to say when it stops
    :param patience_s: so long it may return no image before it is opened again
    """

    name: str
    open_capture: Callable[[], cv2.VideoCapture]
    lost: str
    patience_s: float = 0.0


class _State(Enum):
    CONNECTING = auto()
    CONNECTED = auto()
    LOST = auto()
    CLOSED = auto()


class LiveSource:
    """
    The newest image of a camera.

    Reading can block for seconds, and images that wait grow old: a thread reads them all, and
    keeps the newest. When the camera is lost, :meth:`rewind` lets the thread connect again.

    :ivar frame_count: number of frames of a video with an end; 0 or less for a camera

    :param camera: is opened at once
    :param start: starts the thread that reads; the thread cannot be stopped while OpenCV waits
    :raises ValueError: if it cannot be opened
    """

    live = True
    calibration: dict[str, Any] | None = None

    def __init__(self, camera: LiveCamera, start: StartReader = threading.Thread.start) -> None:
        self._camera = camera
        self._changed = threading.Condition()
        self._state = _State.CONNECTING
        self._image: NDArray[np.uint8] | None = None
        self._count = 0
        self._reason = ''
        self._image_at_s = time.monotonic()
        self.rate_hz = DEFAULT_RATE_HZ
        self.frame_count = 0
        self._thread = threading.Thread(target=self._run, name=camera.name, daemon=True)
        start(self._thread)
        with self._changed:
            # In small steps, so that a signal can interrupt it.
            while self._state == _State.CONNECTING:
                self._changed.wait(READ_WAIT_S)
            if self._state == _State.LOST:
                raise ValueError(self._reason)

    @property
    def ended(self) -> bool:
        """Whether the camera is lost, and :meth:`rewind` was not called yet."""
        with self._changed:
            return self._state == _State.LOST and self._image is None

    @property
    def problem(self) -> str:
        """Say why no frame comes; empty if one came lately."""
        with self._changed:
            silent_s = time.monotonic() - self._image_at_s
            if silent_s < SILENT_S:
                return ''
            reason = f'; {self._reason}' if self._reason else ''
            return f'no frame from {self._camera.name} for {silent_s:.0f} s{reason}'

    def read(self) -> Frame | None:
        """Return the newest frame, unless it was returned before; wait for it, but not long."""
        with self._changed:
            if self._image is None and self._state != _State.LOST:
                self._changed.wait(READ_WAIT_S)
            image, self._image = self._image, None
            return None if image is None else Frame(image, f'{self._camera.name}#{self._count}')

    def rewind(self) -> bool:
        """Connect again if the camera is lost."""
        with self._changed:
            if self._state == _State.LOST:
                self._set(_State.CONNECTING)
        return True

    def close(self) -> None:
        """Close the camera; do not wait for a thread that waits for it."""
        with self._changed:
            self._set(_State.CLOSED)
        self._thread.join(CLOSE_TIMEOUT_S)

    def _set(self, state: _State) -> None:
        """Change the state, unless it is closed; the caller holds the lock."""
        if self._state != _State.CLOSED:
            self._state = state
        self._changed.notify_all()

    def _run(self) -> None:
        wait_s = 0.0
        while self._await_request(wait_s):
            wait_s = min(max(2.0 * wait_s, FIRST_WAIT_S), LONGEST_WAIT_S)
            try:
                capture = self._camera.open_capture()
            except ValueError as error:
                self._lose(str(error))
                continue
            if self._play(capture):
                wait_s = FIRST_WAIT_S
            capture.release()
            self._lose(self._camera.lost)

    def _await_request(self, wait_s: float) -> bool:
        """Wait until it is time to connect; False if the source is closed instead."""
        with self._changed:
            self._changed.wait_for(lambda: self._state != _State.LOST)
            self._changed.wait_for(lambda: self._state == _State.CLOSED, wait_s)
            return self._state != _State.CLOSED

    def _play(self, capture: cv2.VideoCapture) -> int:
        """Read images until there are no more; return how many there were."""
        with self._changed:
            self.rate_hz = reported_rate_hz(capture)
            self.frame_count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
            self._set(_State.CONNECTED)
        count, good_at_s = 0, time.monotonic()
        while self._state == _State.CONNECTED:
            good, image = capture.read()
            if good:
                count, good_at_s = count + 1, time.monotonic()
                self._keep(np.asarray(image, np.uint8))
            elif time.monotonic() - good_at_s >= self._camera.patience_s:
                break
            else:
                time.sleep(RETRY_S)
        return count

    def _keep(self, image: NDArray[np.uint8]) -> None:
        with self._changed:
            self._image = image
            self._count += 1
            self._image_at_s = time.monotonic()
            self._reason = ''
            self._changed.notify_all()

    def _lose(self, reason: str) -> None:
        with self._changed:
            self._reason = reason
            self._set(_State.LOST)
