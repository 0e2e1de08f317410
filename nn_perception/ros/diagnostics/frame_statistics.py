"""Counts and times of the images that a node processes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
import re
import threading
import time

from nn_perception.core.quoting import shortened
import numpy as np

# Each new reason is logged once; a sender that keeps inventing reasons must not fill the log.
MAX_REASONS = 200
# Reasons that differ only in sizes, lengths or single hexadecimal bytes count as the same.
_NUMBERS = re.compile(r'\b(?:\d+|[0-9a-f]{2})\b')


@dataclass(frozen=True)
class FrameReport:
    """
    What happened to a camera's images.

    :ivar processed: images with a published result, in total
    :ivar rejected: images without a result, in total
    :ivar rate_hz: results per second since the previous report
    :ivar inference_p50_ms: median time for decoding and inference of recent images
    :ivar inference_p95_ms: 95th percentile of it
    :ivar age_ms: age of the newest image when its result was published; NaN without a stamp
    :ivar last_rejection: why the newest rejected image was rejected; empty if none was
    """

    processed: int
    rejected: int
    rate_hz: float
    inference_p50_ms: float
    inference_p95_ms: float
    age_ms: float
    last_rejection: str


class FrameStatistics:
    """
    Collect counts and times of processed images; safe to use from several threads.

    :param window: how many recent images the percentiles cover
    """

    def __init__(self, window: int = 300) -> None:
        self._lock = threading.Lock()
        self._inference_ms: deque[float] = deque(maxlen=window)
        self._age_ms = float('nan')
        self._processed = 0
        self._rejected = 0
        self._last_rejection = ''
        self._reasons: set[str] = set()
        self._reported_at_s = time.monotonic()
        self._reported_count = 0

    def record(self, inference_ms: float, age_ms: float) -> None:
        """
        Count an image whose result was published.

        :param inference_ms: time for decoding and inference
        :param age_ms: time from the image's stamp to its result; NaN without a stamp
        """
        with self._lock:
            self._processed += 1
            self._inference_ms.append(inference_ms)
            self._age_ms = age_ms

    def reject(self, reason: str) -> bool:
        """
        Count an image that has no result.

        :param reason: why, in one sentence
        :returns: whether the reason is new and should be logged; numbers in it do not count
        """
        reason = shortened(reason)
        kind = _NUMBERS.sub('#', reason)
        with self._lock:
            self._rejected += 1
            self._last_rejection = reason
            if kind in self._reasons or len(self._reasons) >= MAX_REASONS:
                return False
            self._reasons.add(kind)
            return True

    def report(self) -> FrameReport:
        """Summarise; the rate covers the time since the previous call."""
        with self._lock:
            now_s = time.monotonic()
            elapsed_s = max(now_s - self._reported_at_s, 1e-9)
            rate_hz = (self._processed - self._reported_count) / elapsed_s
            self._reported_at_s, self._reported_count = now_s, self._processed
            times_ms = np.array(self._inference_ms) if self._inference_ms else np.array([np.nan])
            p50_ms, p95_ms = np.percentile(times_ms, (50, 95))
            return FrameReport(
                processed=self._processed,
                rejected=self._rejected,
                rate_hz=rate_hz,
                inference_p50_ms=float(p50_ms),
                inference_p95_ms=float(p95_ms),
                age_ms=self._age_ms,
                last_rejection=self._last_rejection,
            )
