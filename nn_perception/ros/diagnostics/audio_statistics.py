"""Counts, levels and times of the sound that a node hears."""

from __future__ import annotations

from dataclasses import dataclass
import threading

from nn_perception.capabilities.sounds.chunks import Chunk
from nn_perception.core.audio.levels import clipping_share, FLOOR_DB, level_db, only_zeros
from nn_perception.core.audio.resampling import INT16_SCALE
from nn_perception.ros.diagnostics.frame_statistics import FrameStatistics
import numpy as np


@dataclass(frozen=True)
class SoundReport:
    """
    What was heard since the previous report.

    :ivar chunks: number of chunks
    :ivar level_db: level of the newest chunk in dB relative to full scale
    :ivar clipping: share of the samples that reach full scale, 0 to 1
    :ivar zeros_s: how long there have been only zeros, in seconds
    :ivar restarts: how often the sound began anew, in total
    :ivar restart_reason: why it did so the last time; empty if it never did
    :ivar unstamped: number of chunks without a stamp
    :ivar replaced: number of values that were not finite
    :ivar rate_hz: sampling rate of the newest chunk; 0: there was none yet
    :ivar channels: its number of channels
    """

    chunks: int
    level_db: float
    clipping: float
    zeros_s: float
    restarts: int
    restart_reason: str
    unstamped: int
    replaced: int
    rate_hz: int
    channels: int


class AudioStatistics:
    """
    Collect what is heard; safe to use from several threads.

    :ivar results: counts and times of the results, and what was rejected
    """

    def __init__(self) -> None:
        self.results = FrameStatistics()
        self._lock = threading.Lock()
        self._level_db = FLOOR_DB
        self._zeros_s = 0.0
        self._restarts, self._restart_reason = 0, ''
        self._rate_hz = self._channels = 0
        self._begin_report()

    def hear(self, chunk: Chunk, replaced: int = 0) -> None:
        """
        Measure a chunk.

        :param replaced: number of its values that were not finite
        """
        samples = chunk.samples
        zeros = only_zeros(samples)
        if samples.dtype == np.int16:
            samples = samples.astype(np.float32) / np.float32(INT16_SCALE)
        level, clipping = level_db(samples), clipping_share(samples)
        with self._lock:
            self._level_db = level
            self._zeros_s = self._zeros_s + chunk.duration_s if zeros else 0.0
            self._chunks += 1
            self._samples += samples.size
            self._clipped += clipping * samples.size
            self._unstamped += not chunk.stamp_s
            self._replaced += replaced
            self._rate_hz, self._channels = chunk.rate_hz, chunk.channels

    def restart(self, reason: str) -> None:
        """Count a new beginning of the sound."""
        with self._lock:
            self._restarts += 1
            self._restart_reason = reason

    def report(self) -> SoundReport:
        """Summarise what was heard since the previous call."""
        with self._lock:
            report = SoundReport(
                chunks=self._chunks,
                level_db=self._level_db,
                clipping=self._clipped / max(self._samples, 1),
                zeros_s=self._zeros_s,
                restarts=self._restarts,
                restart_reason=self._restart_reason,
                unstamped=self._unstamped,
                replaced=self._replaced,
                rate_hz=self._rate_hz,
                channels=self._channels,
            )
            self._begin_report()
        return report

    def _begin_report(self) -> None:
        self._chunks = self._samples = self._unstamped = self._replaced = 0
        self._clipped = 0.0
