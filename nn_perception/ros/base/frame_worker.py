"""The thread that turns the images of a node's cameras into results."""

from __future__ import annotations

from collections.abc import Sequence
import math
import time
from typing import Any, Generic, TypeAlias, TypeVar

from nn_perception.core.frame import Frame
from nn_perception.core.quoting import shortened
from nn_perception.ros.base.camera import Camera
from nn_perception.ros.base.frame_processor import FRAME_ERRORS, FrameProcessor, ResultOutput
from nn_perception.ros.base.parameters import LiveParameters
from nn_perception.ros.base.slots_and_stages import LatestSlots, WorkStage
from nn_perception.ros.base.worker import Worker
from nn_perception.ros.inputs.shared_image_subscription import ReceivedImage
from nn_perception.ros.outputs.image_messages import image_message
from rclpy.node import Node

OVERLAY_WARNING_PERIOD_S = 10.0
# A change of `max_rate` takes effect within this time.
MAX_RATE_CHECK_S = 0.1

# An image without a result, and why.
Rejection: TypeAlias = tuple[Camera, Exception]

R = TypeVar('R')


class FrameWorker(Worker[FrameProcessor[R]], Generic[R]):
    """
    Process the newest image of each camera in a thread, until stopped.

    :ivar slots: where the cameras put their images

    :param node: its name names the thread; its log and clock are used
    :param output: publishes and draws the results
    :param parameters: of the node, a :class:`CameraParameters`
    """

    def __init__(
        self, node: Node, output: ResultOutput[R], parameters: LiveParameters[Any]
    ) -> None:
        super().__init__(node.get_name(), 'an image')
        self.slots: LatestSlots[Camera, ReceivedImage] = LatestSlots()
        self._clock = node.get_clock()
        self._logger = node.get_logger()
        self._output = output
        self._parameters = parameters

    def open_queue(self) -> None:
        """Accept images."""
        self.slots.open()

    def close_queue(self) -> None:
        """Drop the images, and end the loop."""
        self.slots.close()

    def loop(self, processor: FrameProcessor[R], stage: WorkStage) -> None:
        """Process the newest images."""
        while images := self.slots.take():
            started_s = time.monotonic()
            self.process_images(images, processor, stage)
            if stage.was_left():
                return
            self._limit_rate(started_s)

    def _limit_rate(self, started_s: float) -> None:
        """Wait as long as the maximum rate demands; it may change meanwhile."""
        while rate_hz := self._parameters.value.max_rate:
            left_s = started_s + 1.0 / rate_hz - time.monotonic()
            if left_s <= 0 or self.wait_for_stop(min(left_s, MAX_RATE_CHECK_S)):
                return

    def process_images(
        self,
        images: Sequence[tuple[Camera, ReceivedImage]],
        processor: FrameProcessor[R],
        stage: WorkStage,
    ) -> None:
        """
        Decode images, compute their results, publish and draw them.

        :param images: at most one of each camera; bad images are rejected and logged
        :param processor: computes the results
        :param stage: of the thread; nothing is published if it was left behind
        """
        started_s = time.monotonic()
        rejected: list[Rejection] = []
        with stage.during(self.decoding):
            frames = [one for pair in images if (one := self._frame(*pair, rejected))]
        if stage.was_left():
            return
        with stage.during(self.processing):
            results = self._results(frames, processor, rejected)
        if stage.was_left():
            return
        for camera, error in rejected:
            self._reject(camera, error)
        inference_ms = (time.monotonic() - started_s) * 1e3
        for camera, frame, result in results:
            self._output.publish(frame, result)
            camera.statistics.record(inference_ms, self._age_ms(frame))
        for camera, frame, result in results:
            if camera.overlay.get_subscription_count():
                self._publish_overlay(camera, frame, result)

    def _frame(
        self, camera: Camera, image: ReceivedImage, rejected: list[Rejection]
    ) -> tuple[Camera, Frame] | None:
        """Decode an image; None if that fails."""
        header = image.message.header
        try:
            image_bgr = image.bgr(self._parameters.value.max_image_pixels)
        except FRAME_ERRORS as error:
            rejected.append((camera, error))
            return None
        stamp_s = image.stamp_s or self._now_s()
        return camera, Frame(
            image_bgr,
            source=camera.name,
            stamp_s=stamp_s,
            frame_id=header.frame_id,
            header=header,
        )

    def _results(
        self,
        frames: Sequence[tuple[Camera, Frame]],
        processor: FrameProcessor[R],
        rejected: list[Rejection],
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
                alone = (self._results([pair], processor, rejected) for pair in frames)
                return [one for results_of_one in alone for one in results_of_one]
            rejected.append((frames[0][0], error))
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
