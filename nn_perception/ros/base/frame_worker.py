"""The thread that turns the images of a node's cameras into results."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
import math
import threading
import time
from typing import Any, Generic, TYPE_CHECKING, TypeVar

import cv2
from nn_perception.ros.base.camera import Camera, View
from nn_perception.ros.base.latest_slots import LatestSlots
from nn_perception.ros.inputs.shared_image_subscription import ReceivedImage
from nn_perception.ros.outputs import conversions

if TYPE_CHECKING:
    from nn_perception.ros.base.camera_node import CameraNode

WORKER_END_S = 10.0

# What a bad frame or a failing device may raise; anything else is a bug and ends the process.
FRAME_ERRORS = (ValueError, OSError, RuntimeError, MemoryError, cv2.error)

R = TypeVar('R')


class FrameWorker(Generic[R]):
    """
    Take the newest image of each camera, look at them, publish what was found; again and again.

    :ivar slots: where the cameras put their images

    :param node: looks at them
    """

    def __init__(self, node: CameraNode[Any, R]) -> None:
        self.slots: LatestSlots[Camera, ReceivedImage] = LatestSlots()
        self._node = node
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix=node.get_name())
        self._work_done: Future[None] | None = None
        self._stopped = threading.Event()

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._work_done is not None

    def start(self) -> None:
        """Begin to take images."""
        self._stopped.clear()
        self.slots.open()
        self._work_done = self._threads.submit(self._work)

    def stop(self) -> None:
        """Take no more; what is in work, at most one inference, is still published."""
        self._stopped.set()
        self.slots.close()
        if self._work_done is not None:
            wait((self._work_done,), timeout=WORKER_END_S)
            self._work_done = None

    def check(self) -> None:
        """
        Raise the error that ended the work, if one did.

        That is a bug: the process ends with its traceback, so that whoever supervises it sees the
        failure and can start it anew.
        """
        if self._work_done is not None and self._work_done.done():
            self._work_done.result()

    def _work(self) -> None:
        """Process the newest images again and again; the worker thread's life."""
        while frames := self.slots.take():
            started = time.monotonic()
            self._process(frames)
            self._await_turn(started)

    def _await_turn(self, started: float) -> None:
        """Wait as long as ``max_rate`` asks for, which may change meanwhile."""
        while rate := self._node.parameters.max_rate:
            left_s = started + 1.0 / rate - time.monotonic()
            if left_s <= 0 or self._stopped.wait(min(left_s, 0.1)):
                return

    def _process(self, frames: Sequence[tuple[Camera, ReceivedImage]]) -> None:
        started = time.monotonic()
        views = [view for camera, frame in frames if (view := self._view(camera, frame))]
        results = self._perceived(views)
        inference_ms = (time.monotonic() - started) * 1e3
        for view, result in results:
            self._node.publish_result(view, result)
            age_ms = (self._now_s() - view.stamp_s) * 1e3
            view.camera.statistics.record(inference_ms, age_ms if view.stamp_s else math.nan)
        for view, result in results:
            if view.camera.overlay.get_subscription_count():
                self._publish_overlay(view, result)

    def _view(self, camera: Camera, frame: ReceivedImage) -> View | None:
        """Decode an image; None if it cannot be."""
        header = frame.message.header
        stamp_s = conversions.stamp_seconds(header.stamp)
        try:
            return View(camera, frame.bgr(), header, stamp_s, stamp_s or self._now_s())
        except FRAME_ERRORS as error:
            self._refuse(camera, error)
            return None

    def _perceived(self, views: Sequence[View]) -> list[tuple[View, R]]:
        """Find what is in images; those that cannot be looked at are left out."""
        if not views:
            return []
        try:
            return list(zip(views, self._node.perceive(views), strict=True))
        except FRAME_ERRORS as error:
            if len(views) > 1:
                # One of them is to blame, and the others have their results without it.
                return [pair for view in views for pair in self._perceived([view])]
            self._refuse(views[0].camera, error)
            return []

    def _refuse(self, camera: Camera, error: Exception) -> None:
        if camera.statistics.refuse(str(error)):
            self._node.get_logger().warning(f'{camera.about}an image was refused: {error}')

    def _publish_overlay(self, view: View, result: R) -> None:
        try:
            drawn = self._node.draw(view.image_bgr, result)
            view.camera.overlay.publish(conversions.image(drawn, view.header))
        except FRAME_ERRORS as error:
            # The frame has its result; only the picture of it is missing.
            self._node.get_logger().warning(
                f'an overlay could not be drawn: {error}', throttle_duration_sec=10.0
            )

    def _now_s(self) -> float:
        return float(self._node.get_clock().now().nanoseconds * 1e-9)
