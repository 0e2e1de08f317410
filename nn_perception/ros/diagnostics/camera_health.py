"""How well the images of one camera arrive and are processed."""

from __future__ import annotations

from collections.abc import Callable
import math
import time

from nn_perception.ros.diagnostics.clock_watch import other_clock, OTHER_CLOCK_S
from nn_perception.ros.diagnostics.frame_statistics import FrameReport, FrameStatistics
from nn_perception.ros.diagnostics.status import SILENT_AFTER_S, Status
from nn_perception.ros.inputs.image_input import ImageInput

# A larger share of images lost in transport is worth a warning.
MAX_LOSS = 0.01


class CameraHealth:
    """
    Assess once a second how well a camera's images arrive.

    :param images: the camera's image subscription
    :param dropped: counts the images that a newer one replaced before they were processed
    :param statistics: of the images that were processed
    """

    def __init__(
        self, images: ImageInput, dropped: Callable[[], int], statistics: FrameStatistics
    ) -> None:
        self._images = images
        self._dropped = dropped
        self._statistics = statistics
        self._last_image_s = time.monotonic()
        self._received = 0
        self._lost = 0
        self._rejected = 0

    def assess(self, blocking_reason: Status | None = None, warning: str = '') -> Status:
        """
        Summarise what happened since the previous call.

        :param blocking_reason: why the node takes no images, if it takes none
        :param warning: what is wrong with the node's results; empty if nothing is. Problems with
            the images are more important and are reported first
        :returns: the camera's state, with the values of the diagnostics
        """
        report = self._statistics.report()
        level, message = self._judge(blocking_reason, warning, report)
        self._received, self._lost = self._images.received, self._images.lost
        self._rejected = report.rejected
        return Status(level, message, self._values(report))

    def _judge(
        self, blocking_reason: Status | None, warning: str, report: FrameReport
    ) -> tuple[str, str]:
        """Give the level, and the most important sentence."""
        now_s = time.monotonic()
        received = self._images.received - self._received
        if received or blocking_reason:
            self._last_image_s = now_s
        if blocking_reason:
            return blocking_reason.level, blocking_reason.message
        if problem := self._image_problem(now_s - self._last_image_s, received, report):
            return 'warn', problem
        if warning:
            return 'warn', warning
        message = f'{report.rate_hz:.1f} results per second'
        if self._images.shows_latched_image:
            message += '; the newest image is latched, further ones need not come soon'
        if received and abs(report.age_ms) > OTHER_CLOCK_S * 1e3:
            # Not a warning: people play recordings without their clock on purpose.
            message += f'; {other_clock("images", report.age_ms * 1e-3)}'
        return 'ok', message

    def _image_problem(self, silent_s: float, received: int, report: FrameReport) -> str:
        """Say what is wrong with the images; empty if nothing is."""
        if silent_s > SILENT_AFTER_S and not self._images.shows_latched_image:
            return f'no image for {silent_s:.0f} s: {self._images.silence_reason()}'
        if report.rejected > self._rejected:
            return f'images are rejected: {report.last_rejection}'
        lost = self._images.lost - self._lost
        if lost > MAX_LOSS * (received + lost):
            return (
                f'{lost} of {received + lost} images were lost in transport; use the Fast DDS '
                'profile of this package in the publisher (docs/transport.md), or publish reliable'
            )
        if received and report.processed and math.isnan(report.age_ms):
            return 'the images have no timestamps, so their age is unknown'
        return ''

    def _values(self, report: FrameReport) -> dict[str, object]:
        # Images replaced in the middleware's queue are dropped just like those in our slot.
        replaced = max(self._images.skipped - self._images.lost, 0)
        return {
            'rate_hz': f'{report.rate_hz:.2f}',
            'frame_age_ms': f'{report.age_ms:.1f}',
            'inference_p50_ms': f'{report.inference_p50_ms:.2f}',
            'inference_p95_ms': f'{report.inference_p95_ms:.2f}',
            'images_received': self._images.received,
            'images_processed': report.processed,
            'images_dropped': self._dropped() + replaced,
            'images_lost': self._images.lost,
            'images_refused': report.rejected,
            'reliability': self._images.reliability,
            'durability': self._images.durability,
        }
