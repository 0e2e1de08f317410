"""What a camera node knows about its own work: counts, rates, times."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import re
import threading
import time

from nn_perception.ros.inputs.image_input import ImageInput
import numpy as np

SILENT_AFTER_S = 3.0
# Whose age is more than this follows another clock.
OTHER_CLOCK_S = 60.0
# More images lost on the way than this share is worth a warning.
LOSS_WORTH_A_WARNING = 0.01

# Reasons that differ are each told once; a sender that invents new ones must not fill the log.
_MAX_REASONS = 200
# Sizes, lengths and single bytes in hexadecimal: reasons that differ only there are the same.
_FIGURES = re.compile(r'\b(?:\d+|[0-9a-f]{2})\b')


@dataclass(frozen=True)
class Report:
    """Figures since the report before; times in ms, rates in Hz."""

    processed: int
    refused: int
    rate_hz: float
    inference_p50_ms: float
    inference_p95_ms: float
    age_ms: float
    last_refusal: str


class FrameStatistics:
    """Collect what the worker thread does; safe to read from another thread."""

    def __init__(self, window: int = 300) -> None:
        self._lock = threading.Lock()
        self._inference_ms: deque[float] = deque(maxlen=window)
        self._age_ms = float('nan')
        self._processed = 0
        self._refused = 0
        self._last_refusal = ''
        self._reasons: set[str] = set()
        self._reported_at = time.monotonic()
        self._reported_count = 0

    def record(self, inference_ms: float, age_ms: float) -> None:
        """
        Count a frame whose result was published.

        :param inference_ms: time of conversion and network
        :param age_ms: time from the image's stamp to its result; NaN without a stamp
        """
        with self._lock:
            self._processed += 1
            self._inference_ms.append(inference_ms)
            self._age_ms = age_ms

    def refuse(self, reason: str) -> bool:
        """
        Count a frame that gave no result.

        :returns: whether this reason is new, but for the figures in it, and should be logged
        """
        kind = _FIGURES.sub('#', reason)
        with self._lock:
            self._refused += 1
            self._last_refusal = reason
            if kind in self._reasons or len(self._reasons) >= _MAX_REASONS:
                return False
            self._reasons.add(kind)
            return True

    def report(self) -> Report:
        """Summarise; the rate is that since the last call."""
        with self._lock:
            now = time.monotonic()
            seconds = max(now - self._reported_at, 1e-9)
            rate_hz = (self._processed - self._reported_count) / seconds
            self._reported_at, self._reported_count = now, self._processed
            times = np.array(self._inference_ms) if self._inference_ms else np.array([np.nan])
            p50, p95 = np.percentile(times, (50, 95))
            return Report(
                processed=self._processed,
                refused=self._refused,
                rate_hz=rate_hz,
                inference_p50_ms=float(p50),
                inference_p95_ms=float(p95),
                age_ms=self._age_ms,
                last_refusal=self._last_refusal,
            )


class CameraHealth:
    """
    Judge once a second how a camera's images fare, in figures and plain words.

    :param images: what comes
    :param dropped: counts the images that a newer one replaced before they were looked at
    :param statistics: of those that were looked at
    """

    def __init__(
        self, images: ImageInput, dropped: Callable[[], int], statistics: FrameStatistics
    ) -> None:
        self._images = images
        self._dropped = dropped
        self._statistics = statistics
        self._seen_at = time.monotonic()
        self._received = 0
        self._lost = 0
        self._refused = 0

    def examine(
        self, obstacle: tuple[str, str], concern: str = ''
    ) -> tuple[str, str, dict[str, object]]:
        """
        Compare with the call before.

        :param obstacle: level and sentence when the node itself takes no images, else
            two empty texts
        :param concern: what the node finds amiss with its results; told where nothing else is
        :returns: level (``'ok'``, ``'warn'``, ``'error'``), sentence, figures
        """
        report = self._statistics.report()
        level, sentence = self._judge(obstacle, concern, report)
        self._received, self._lost = self._images.received, self._images.lost
        self._refused = report.refused
        return level, sentence, self._values(report)

    def _judge(self, obstacle: tuple[str, str], concern: str, report: Report) -> tuple[str, str]:
        now = time.monotonic()
        arrived = self._images.received - self._received
        if arrived or obstacle[1]:
            self._seen_at = now
        if obstacle[1]:
            return obstacle
        if now - self._seen_at > SILENT_AFTER_S:
            return 'warn', f'no image for {now - self._seen_at:.0f} s: ' + (
                self._images.silence_reason()
            )
        if report.refused > self._refused:
            return 'warn', f'images are refused: {report.last_refusal}'
        lost = self._images.lost - self._lost
        if lost > LOSS_WORTH_A_WARNING * (arrived + lost):
            return 'warn', (
                f'{lost} of {arrived + lost} images were lost on the way; give the publisher '
                'the Fast DDS profile of this package (docs/transport.md) or publish reliable'
            )
        if arrived and report.processed and np.isnan(report.age_ms):
            return 'warn', 'the images carry no stamps, so their age is not known'
        if concern:
            return 'warn', concern
        well = f'{report.rate_hz:.1f} results a second'
        if arrived and abs(report.age_ms) > OTHER_CLOCK_S * 1e3:
            # No warning: a recording is often played without its clock, on purpose.
            return 'ok', f'{well}; {_other_clock(report.age_ms * 1e-3)}'
        return 'ok', well

    def _values(self, report: Report) -> dict[str, object]:
        # What the middleware replaced in its queue was dropped as much as what the slot did.
        unseen = max(self._images.skipped - self._images.lost, 0)
        return {
            'rate_hz': f'{report.rate_hz:.2f}',
            'frame_age_ms': f'{report.age_ms:.1f}',
            'inference_p50_ms': f'{report.inference_p50_ms:.2f}',
            'inference_p95_ms': f'{report.inference_p95_ms:.2f}',
            'images_received': self._images.received,
            'images_processed': report.processed,
            'images_dropped': self._dropped() + unseen,
            'images_lost': self._images.lost,
            'images_refused': report.refused,
            'reliability': self._images.reliability,
        }


class ClockWatch:
    """Notice when simulated time stands still."""

    def __init__(self) -> None:
        self._now_ns = -1
        self._since = 0.0

    def still_s(self, now_ns: int) -> float:
        """
        Tell for how long the node's time has not moved.

        :param now_ns: by the node's clock
        """
        if now_ns != self._now_ns:
            self._now_ns, self._since = now_ns, time.monotonic()
        return time.monotonic() - self._since


def _other_clock(age_s: float) -> str:
    return (
        f"the images' stamps are {abs(age_s):.0f} s {'before' if age_s > 0 else 'after'} this "
        "node's clock, so their age is not known; images of a simulation or a bag need "
        'use_sim_time: true, those of a camera use_sim_time: false'
    )
