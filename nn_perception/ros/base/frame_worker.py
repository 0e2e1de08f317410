"""The thread that turns the images of a node's cameras into results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
import math
import threading
import time
from typing import Generic, Protocol, TypeVar

import cv2
from nn_perception.ros.base.camera import Camera, View
from nn_perception.ros.base.latest_slots import LatestSlots
from nn_perception.ros.inputs.shared_image_subscription import ReceivedImage
from nn_perception.ros.outputs.image_messages import image_message
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node

STOP_TIMEOUT_S = 10.0
OVERLAY_WARNING_PERIOD_S = 10.0
# A change of `max_rate` takes effect within this time.
MAX_RATE_CHECK_S = 0.1

# What a bad frame or a failing device can raise; anything else is a bug and ends the process.
FRAME_ERRORS = (ValueError, OSError, RuntimeError, MemoryError, cv2.error)

R = TypeVar('R')


class FrameProcessor(Protocol[R]):
    """What a worker does with frames."""

    def process(self, views: Sequence[View]) -> list[R]:
        """Compute the results of frames, each from another camera, in one batch."""
        ...

    def publish(self, view: View, result: R) -> None:
        """Publish a result."""
        ...

    def draw(self, image_bgr: NDArray[np.uint8], result: R) -> NDArray[np.uint8]:
        """Draw a result on a copy of its image."""
        ...


class FrameWorker(Generic[R]):
    """
    Process the newest image of each camera in a thread, until stopped.

    :ivar slots: where the cameras put their images

    :param node: its name names the thread; its log and clock are used
    :param processor: computes, publishes and draws the results
    :param max_rate: gives the maximum processing rate in Hz; 0: no limit
    """

    def __init__(
        self, node: Node, processor: FrameProcessor[R], max_rate: Callable[[], float]
    ) -> None:
        self.slots: LatestSlots[Camera, ReceivedImage] = LatestSlots()
        self._clock = node.get_clock()
        self._logger = node.get_logger()
        self._processor = processor
        self._max_rate = max_rate
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix=node.get_name())
        self._loop_ended: Future[None] | None = None
        self._stopped = threading.Event()

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._loop_ended is not None

    def start(self) -> None:
        """Begin to process images."""
        self._stopped.clear()
        self.slots.open()
        self._loop_ended = self._threads.submit(self._loop)

    def stop(self) -> None:
        """Stop after the current batch, whose results are still published."""
        self._stopped.set()
        self.slots.close()
        if self._loop_ended is not None:
            wait((self._loop_ended,), timeout=STOP_TIMEOUT_S)
            self._loop_ended = None

    def check(self) -> None:
        """
        Raise the error that ended the loop, if one did.

        It is a bug: the process ends with its traceback, so that a supervisor notices the failure
        and can restart it.
        """
        if self._loop_ended is not None and self._loop_ended.done():
            self._loop_ended.result()

    def _loop(self) -> None:
        while images := self.slots.take():
            started_s = time.monotonic()
            self._process(images)
            self._limit_rate(started_s)

    def _limit_rate(self, started_s: float) -> None:
        """Wait as long as the maximum rate demands; it may change meanwhile."""
        while rate_hz := self._max_rate():
            left_s = started_s + 1.0 / rate_hz - time.monotonic()
            if left_s <= 0 or self._stopped.wait(min(left_s, MAX_RATE_CHECK_S)):
                return

    def _process(self, images: Sequence[tuple[Camera, ReceivedImage]]) -> None:
        """Decode, compute, publish and draw."""
        started_s = time.monotonic()
        views = [view for camera, image in images if (view := self._view(camera, image))]
        results = self._results(views)
        inference_ms = (time.monotonic() - started_s) * 1e3
        for view, result in results:
            self._processor.publish(view, result)
            age_ms = (self._now_s() - view.stamp_s) * 1e3
            view.camera.statistics.record(inference_ms, age_ms if view.stamp_s else math.nan)
        for view, result in results:
            if view.camera.overlay.get_subscription_count():
                self._publish_overlay(view, result)

    def _view(self, camera: Camera, image: ReceivedImage) -> View | None:
        """Decode an image; None if that fails."""
        stamp_s = image.stamp_s
        try:
            image_bgr = image.bgr()
        except FRAME_ERRORS as error:
            self._reject(camera, error)
            return None
        return View(camera, image_bgr, image.message.header, stamp_s, stamp_s or self._now_s())

    def _results(self, views: Sequence[View]) -> list[tuple[View, R]]:
        """Compute the results of frames; frames that fail are left out."""
        if not views:
            return []
        try:
            return list(zip(views, self._processor.process(views), strict=True))
        except FRAME_ERRORS as error:
            if len(views) > 1:
                # One frame is to blame: the others get their results without it.
                return [pair for view in views for pair in self._results([view])]
            self._reject(views[0].camera, error)
            return []

    def _reject(self, camera: Camera, error: Exception) -> None:
        if camera.statistics.reject(str(error)):
            self._logger.warning(f'{camera.log_prefix}rejected an image: {error}')

    def _publish_overlay(self, view: View, result: R) -> None:
        try:
            drawn = self._processor.draw(view.image_bgr, result)
            view.camera.overlay.publish(image_message(drawn, view.header))
        except FRAME_ERRORS as error:
            # The frame has its result; only the overlay is missing.
            self._logger.warning(
                f'failed to draw an overlay: {error}',
                throttle_duration_sec=OVERLAY_WARNING_PERIOD_S,
            )

    def _now_s(self) -> float:
        return float(self._clock.now().nanoseconds * 1e-9)
