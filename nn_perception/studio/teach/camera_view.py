"""The images of the camera that is recorded, while a page shows them."""

from __future__ import annotations

import threading
import time

from nn_perception.studio.backend.cameras import CameraImage, CameraResult, Cameras, Watch

WAIT_S = 2.0
# The camera is watched no longer when nobody has asked for so long.
IDLE_S = 4.0
# An older image does not show what is in front of the camera.
MAX_AGE_S = 2.0


class CameraView:
    """
    Watch a camera while somebody asks for its images; threads may share it.

    :param cameras: the cameras of the robot
    """

    def __init__(self, cameras: Cameras) -> None:
        self._cameras = cameras
        self._changed = threading.Condition()
        self._camera = ''
        self._watch: Watch | None = None
        self._image: CameraImage | None = None
        self._arrived_s = self._asked_s = 0.0

    def next_image(self, camera: str, after_ns: int) -> CameraImage | str:
        """
        Wait for an image.

        :param after_ns: stamp of the image that is shown already; 0: none
        :returns: the newest image; or why none comes, in words
        :raises ValueError: if there is no such camera
        """
        self._open(camera)
        with self._changed:
            self._changed.wait_for(
                lambda: self._image is not None and self._image.stamp_ns != after_ns, WAIT_S
            )
            self._asked_s = time.monotonic()
            image = self._image
            if image is not None and image.stamp_ns != after_ns:
                return image
        return self._cameras.silence_reason(camera) or 'No image arrives from the camera.'

    def newest(self) -> bytes:
        """Return the newest image, JPEG; empty if it is too old."""
        with self._changed:
            fresh = time.monotonic() - self._arrived_s < MAX_AGE_S
            return self._image.jpeg if self._image is not None and fresh else b''

    def on_image(self, image: CameraImage) -> None:
        """Receive an image."""
        with self._changed:
            self._image, self._arrived_s = image, time.monotonic()
            self._changed.notify_all()

    def on_result(self, result: CameraResult) -> None:
        """Receive a result, of which none are wanted."""

    def _open(self, camera: str) -> None:
        with self._changed:
            self._asked_s = time.monotonic()
            if self._watch is not None and self._camera == camera:
                return
            watch, self._watch, self._image = self._watch, None, None
        if watch is not None:
            watch.close()
        opened = self._cameras.watch(camera, frozenset(), self)
        if not self._begin(camera, opened):
            opened.close()

    def _begin(self, camera: str, opened: Watch) -> bool:
        """Keep a watch, unless another thread was faster."""
        with self._changed:
            if self._watch is not None:
                return False
            self._watch, self._camera = opened, camera
        threading.Thread(target=self._close_when_idle, name='idle', daemon=True).start()
        return True

    def _close_when_idle(self) -> None:
        with self._changed:
            watch = self._watch
            while self._watch is watch and time.monotonic() - self._asked_s < IDLE_S:
                self._changed.wait(IDLE_S / 4)
            if self._watch is not watch or watch is None:
                return
            self._watch, self._image = None, None
        watch.close()
