"""The thread that turns the images of a node's cameras into results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
import math
import threading
import time
from typing import Generic, Protocol, TypeVar

import cv2
from nn_perception.core.frame import Frame
from nn_perception.core.imaging.formats.container import MAX_PIXELS
from nn_perception.core.quoting import shortened
from nn_perception.ros.base.camera import Camera
from nn_perception.ros.base.decoding_phase import DecodingPhase
from nn_perception.ros.base.latest_slots import LatestSlots
from nn_perception.ros.inputs.shared_image_subscription import ReceivedImage
from nn_perception.ros.outputs.image_messages import image_message
from nn_perception.ros.process.left_threads import leave_thread
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node

STOP_TIMEOUT_S = 10.0
# An image that is still being decoded after this time is given up when the worker stops.
DECODING_TIMEOUT_S = 0.25
OVERLAY_WARNING_PERIOD_S = 10.0
# A change of `max_rate` takes effect within this time.
MAX_RATE_CHECK_S = 0.1

# What a bad frame or a failing device can raise; anything else is a bug and ends the process.
FRAME_ERRORS = (ValueError, OSError, RuntimeError, MemoryError, cv2.error)

R = TypeVar('R')
R_co = TypeVar('R_co', covariant=True)
R_contra = TypeVar('R_contra', contravariant=True)


class FrameProcessor(Protocol[R_co]):
    """Turns frames into results, as the pipelines of the capabilities do."""

    def process(self, frames: Sequence[Frame]) -> Sequence[R_co]:
        """
        Compute the results of frames in one batch.

        :param frames: at least one, each from another camera
        """
        ...


class ResultOutput(Protocol[R_contra]):
    """Publishes results, as a camera node does."""

    def publish(self, frame: Frame, result: R_contra) -> None:
        """Publish the result of a frame."""
        ...

    def draw(self, image_bgr: NDArray[np.uint8], result: R_contra) -> NDArray[np.uint8]:
        """Draw a result on a copy of its image."""
        ...


class FrameWorker(Generic[R]):
    """
    Process the newest image of each camera in a thread, until stopped.

    :ivar slots: where the cameras put their images

    :param node: its name names the thread; its log and clock are used
    :param output: publishes and draws the results
    :param max_rate: gives the maximum processing rate in Hz; 0: no limit
    :param max_pixels: gives width times height of the largest image that is decoded
    """

    def __init__(
        self,
        node: Node,
        output: ResultOutput[R],
        max_rate: Callable[[], float],
        max_pixels: Callable[[], int] = lambda: MAX_PIXELS,
    ) -> None:
        self.slots: LatestSlots[Camera, ReceivedImage] = LatestSlots()
        self._clock = node.get_clock()
        self._logger = node.get_logger()
        self._output = output
        self._max_rate = max_rate
        self._max_pixels = max_pixels
        self._name = node.get_name()
        self._thread: threading.Thread | None = None
        self._loop_ended: Future[None] | None = None
        self._decoding = DecodingPhase()
        self._stopped = threading.Event()

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._loop_ended is not None

    @property
    def decoding_s(self) -> float:
        """How long the current images have been decoded, in seconds; 0 if none are."""
        return self._decoding.duration_s

    def start(self, processor: FrameProcessor[R]) -> None:
        """
        Begin to process images.

        :param processor: computes the results; its memory must not be freed before :meth:`stop`
        """
        self._stopped.clear()
        self.slots.open()
        self._loop_ended = Future()
        self._decoding = DecodingPhase()
        self._thread = threading.Thread(
            target=self._run,
            args=(processor, self._decoding, self._loop_ended),
            name=self._name,
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """
        Stop after the current batch, whose results are still published.

        A batch that is still being decoded is given up: its thread ends when the decoder does.
        """
        self._stopped.set()
        self.slots.close()
        if self._loop_ended is None or self._thread is None:
            return
        wait((self._loop_ended,), timeout=DECODING_TIMEOUT_S)
        if self._decoding.leave():
            leave_thread(self._thread)
        else:
            wait((self._loop_ended,), timeout=STOP_TIMEOUT_S)
        self._loop_ended = self._thread = None

    def check(self) -> None:
        """
        Raise the error that ended the loop, if one did.

        It is a bug: the process ends with its traceback, so that a supervisor notices the failure
        and can restart it.
        """
        if self._loop_ended is not None and self._loop_ended.done():
            self._loop_ended.result()

    def _run(
        self, processor: FrameProcessor[R], decoding: DecodingPhase, ended: Future[None]
    ) -> None:
        try:
            self._loop(processor, decoding)
        except BaseException as error:  # noqa: BLE001 - check() raises it in the main thread
            ended.set_exception(error)
        else:
            ended.set_result(None)

    def _loop(self, processor: FrameProcessor[R], decoding: DecodingPhase) -> None:
        while images := self.slots.take():
            started_s = time.monotonic()
            self.process_images(images, processor, decoding)
            if decoding.is_left:
                return
            self._limit_rate(started_s)

    def _limit_rate(self, started_s: float) -> None:
        """Wait as long as the maximum rate demands; it may change meanwhile."""
        while rate_hz := self._max_rate():
            left_s = started_s + 1.0 / rate_hz - time.monotonic()
            if left_s <= 0 or self._stopped.wait(min(left_s, MAX_RATE_CHECK_S)):
                return

    def process_images(
        self,
        images: Sequence[tuple[Camera, ReceivedImage]],
        processor: FrameProcessor[R],
        decoding: DecodingPhase,
    ) -> None:
        """
        Decode images, compute their results, publish and draw them.

        :param images: at most one of each camera; bad images are rejected and logged
        :param processor: computes the results
        :param decoding: shows when images are decoded; nothing happens after them if the thread
            was left behind meanwhile
        """
        started_s = time.monotonic()
        with decoding:
            decoded = [self._decode(image) for _, image in images]
        if decoding.is_left:
            return
        frames = [
            one
            for (camera, image), image_bgr in zip(images, decoded, strict=True)
            if (one := self._frame(camera, image, image_bgr))
        ]
        results = self._results(frames, processor)
        inference_ms = (time.monotonic() - started_s) * 1e3
        for camera, frame, result in results:
            self._output.publish(frame, result)
            camera.statistics.record(inference_ms, self._age_ms(frame))
        for camera, frame, result in results:
            if camera.overlay.get_subscription_count():
                self._publish_overlay(camera, frame, result)

    def _decode(self, image: ReceivedImage) -> NDArray[np.uint8] | Exception:
        """Decode an image; gives the error if that fails."""
        try:
            return image.bgr(self._max_pixels())
        except FRAME_ERRORS as error:
            return error

    def _frame(
        self, camera: Camera, image: ReceivedImage, image_bgr: NDArray[np.uint8] | Exception
    ) -> tuple[Camera, Frame] | None:
        """Put a decoded image into its frame; None if it could not be decoded."""
        if isinstance(image_bgr, Exception):
            self._reject(camera, image_bgr)
            return None
        header = image.message.header
        stamp_s = image.stamp_s or self._now_s()
        return camera, Frame(
            image_bgr,
            source=camera.name,
            stamp_s=stamp_s,
            frame_id=header.frame_id,
            header=header,
        )

    def _results(
        self, frames: Sequence[tuple[Camera, Frame]], processor: FrameProcessor[R]
    ) -> list[tuple[Camera, Frame, R]]:
        """Compute the results of frames; frames that fail are left out."""
        if not frames:
            return []
        try:
            results = processor.process([frame for _, frame in frames])
            return [(*pair, result) for pair, result in zip(frames, results, strict=True)]
        except FRAME_ERRORS as error:
            if len(frames) > 1:
                # One frame is to blame: the others get their results without it.
                return [one for pair in frames for one in self._results([pair], processor)]
            self._reject(frames[0][0], error)
            return []

    def _reject(self, camera: Camera, error: Exception) -> None:
        if camera.statistics.reject(str(error)):
            self._logger.warning(f'{camera.log_prefix}rejected an image: {shortened(str(error))}')

    def _publish_overlay(self, camera: Camera, frame: Frame, result: R) -> None:
        try:
            drawn = self._output.draw(frame.image_bgr, result)
            camera.overlay.publish(image_message(drawn, frame.header))
        except FRAME_ERRORS as error:
            # The frame has its result; only the overlay is missing.
            self._logger.warning(
                f'failed to draw an overlay: {error}',
                throttle_duration_sec=OVERLAY_WARNING_PERIOD_S,
            )

    def _age_ms(self, frame: Frame) -> float:
        """Measure how old a frame is; NaN if its header has no stamp."""
        stamp = frame.header.stamp
        return (self._now_s() - frame.stamp_s) * 1e3 if stamp.sec or stamp.nanosec else math.nan

    def _now_s(self) -> float:
        return float(self._clock.now().nanoseconds * 1e-9)
