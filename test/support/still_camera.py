"""A camera for tests of the page that shows what the test draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import threading
import time

from nn_perception.studio.backend.cameras import CameraInfo, CameraListener
from nn_perception.studio.viewer.feed import Feed, FeedWatch
import numpy as np

CAMERA = 'still'
PERIOD_S = 1 / 10


class StillCameras:
    """
    One camera; its thread runs while somebody watches it.

    :param image: returns the image that it shows
    """

    def __init__(self, image: Callable[[], np.ndarray]) -> None:
        self._image = image
        self._watched = threading.Event()
        self._closing = threading.Event()
        self.feed = Feed(self._on_demand)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def watched(self) -> bool:
        return self._watched.is_set()

    def list(self) -> Sequence[CameraInfo]:
        return [CameraInfo(CAMERA, 'A still picture', 'samples')]

    def watch(
        self, camera: str, capabilities: frozenset[str], listener: CameraListener
    ) -> FeedWatch:
        if camera != CAMERA:
            raise ValueError(f'there is no camera {camera}')
        return self.feed.watch(capabilities, listener)

    def silence_reason(self, camera: str) -> str:
        return ''

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _on_demand(self, wanted: frozenset[str] | None) -> None:
        if wanted is None:
            self._watched.clear()
        else:
            self._watched.set()

    def _run(self) -> None:
        while not self._closing.wait(PERIOD_S):
            if self._watched.is_set():
                self.feed.offer_image(time.time_ns(), self._image())
