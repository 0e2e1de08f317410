"""How well the sound of a microphone arrives and is processed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import time

from nn_perception.ros.diagnostics.audio_statistics import AudioStatistics, SoundReport
from nn_perception.ros.diagnostics.clock_watch import other_clock, OTHER_CLOCK_S
from nn_perception.ros.diagnostics.frame_statistics import FrameReport
from nn_perception.ros.diagnostics.status import SILENT_AFTER_S, Status
from nn_perception.ros.inputs.audio_input import AudioInput

# Only zeros for so long are a microphone that is muted: real silence is never quite silent.
MUTED_AFTER_S = 3.0
# A larger share of samples at full scale distorts what is heard.
MAX_CLIPPING = 0.01


@dataclass
class _Counts:
    """What there was at the previous assessment."""

    received: int = 0
    lost: int = 0
    dropped: int = 0
    rejected: int = 0
    restarts: int = 0


class AudioHealth:
    """
    Assess once a second how well a microphone's sound arrives.

    :param sound: the subscription
    :param dropped: counts the chunks that the worker did not get
    :param statistics: of the sound that was processed
    """

    def __init__(
        self, sound: AudioInput, dropped: Callable[[], int], statistics: AudioStatistics
    ) -> None:
        self._input = sound
        self._dropped = dropped
        self._statistics = statistics
        self._last_chunk_s = time.monotonic()
        self._before = _Counts()

    def assess(self, blocking_reason: Status | None = None, warning: str = '') -> Status:
        """
        Summarise what happened since the previous call.

        :param blocking_reason: why the node takes no sound, if it takes none
        :param warning: what is wrong with the node's results; empty if nothing is. Problems with
            the sound are more important and are reported first
        :returns: the microphone's state, with the values of the diagnostics
        """
        results, sound = self._statistics.results.report(), self._statistics.report()
        now = _Counts(
            self._input.received,
            self._input.lost,
            self._dropped(),
            results.rejected,
            sound.restarts,
        )
        level, message = self._judge(blocking_reason, warning, now, (results, sound))
        self._before = now
        return Status(level, message, self._values(now, results, sound))

    def _judge(
        self,
        blocking_reason: Status | None,
        warning: str,
        now: _Counts,
        reports: tuple[FrameReport, SoundReport],
    ) -> tuple[str, str]:
        """Give the level, and the most important sentence."""
        results, sound = reports
        now_s = time.monotonic()
        if now.received > self._before.received or blocking_reason:
            self._last_chunk_s = now_s
        if blocking_reason:
            return blocking_reason.level, blocking_reason.message
        silent_s = now_s - self._last_chunk_s
        if silent_s > SILENT_AFTER_S:
            return 'warn', f'no sound for {silent_s:.0f} s: {self._input.silence_reason()}'
        problem = self._loss(now, results, sound) or _problem(sound) or warning
        if problem:
            return 'warn', problem
        message = f'{results.rate_hz:.1f} results per second'
        if sound.chunks > sound.unstamped and abs(results.age_ms) > OTHER_CLOCK_S * 1e3:
            # Not a warning: people play recordings without their clock on purpose.
            message += f'; {other_clock("sounds", results.age_ms * 1e-3)}'
        return 'ok', message

    def _loss(self, now: _Counts, results: FrameReport, sound: SoundReport) -> str:
        """Say what of the sound was not heard; empty if nothing is missing."""
        before = self._before
        if rejected := now.rejected - before.rejected:
            return f'{rejected} chunks were rejected: {results.last_rejection}'
        if dropped := now.dropped - before.dropped:
            return f'{dropped} chunks were dropped: this machine is too slow, or too busy'
        if lost := now.lost - before.lost:
            return f'{lost} chunks were lost in transport; publish reliable'
        if now.restarts > before.restarts:
            return sound.restart_reason
        return ''

    def _values(self, now: _Counts, results: FrameReport, sound: SoundReport) -> dict[str, object]:
        return {
            'rate_hz': f'{results.rate_hz:.2f}',
            'age_ms': f'{results.age_ms:.1f}',
            'inference_p50_ms': f'{results.inference_p50_ms:.2f}',
            'inference_p95_ms': f'{results.inference_p95_ms:.2f}',
            'level_db': f'{sound.level_db:.1f}',
            'clipping': f'{sound.clipping:.3f}',
            'chunks_received': now.received,
            'chunks_dropped': now.dropped,
            'chunks_lost': now.lost,
            'chunks_refused': now.rejected,
            'restarts': now.restarts,
            'sample_rate': sound.rate_hz or '',
            'channels': sound.channels or '',
            'type': self._input.type_name,
            'reliability': self._input.reliability,
        }


def _problem(sound: SoundReport) -> str:
    """Say what is wrong with the sound that was heard; empty if nothing is."""
    if sound.zeros_s >= MUTED_AFTER_S:
        return f'only zeros for {sound.zeros_s:.0f} s: is the microphone muted?'
    if sound.replaced:
        return f'{sound.replaced} values of the sound are not finite: they count as silence'
    if sound.clipping > MAX_CLIPPING:
        return (
            f'{sound.clipping:.0%} of the samples are clipped: the sound is too loud for the '
            'microphone, turn its gain down'
        )
    if sound.unstamped:
        return 'the sound has no timestamps: the time of its receipt is used'
    return ''
