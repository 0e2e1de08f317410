"""
How the sound of a microphone is judged.

``FakeInput`` stands for the subscription, and the fixture ``clock`` for the clock: the tests set
what was received and lost, and how much time passed, which no real subscription does on demand.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

from nn_perception.capabilities.sounds.chunks import Chunk
from nn_perception.ros.diagnostics.audio_health import AudioHealth
from nn_perception.ros.diagnostics.audio_statistics import AudioStatistics
from nn_perception.ros.diagnostics.status import Status
import numpy as np
import pytest

NOISE = np.random.default_rng(1).integers(-3000, 3000, 1600).astype(np.int16)


@dataclass
class FakeInput:
    """The counts of a subscription, as a test wants them."""

    received: int = 0
    lost: int = 0
    type_name: str = 'nn_perception_interfaces/msg/AudioChunk'
    reliability: str = 'reliable'

    def silence_reason(self) -> str:
        """Return something that a test recognises."""
        return 'no publisher on /audio'


class Microphone:
    """A microphone's health, and what it depends on."""

    def __init__(self, clock: SimpleNamespace) -> None:
        self.clock = clock
        self.input = FakeInput()
        self.dropped = 0
        self.statistics = AudioStatistics()
        self.health = AudioHealth(self.input, lambda: self.dropped, self.statistics)

    def hear(
        self,
        samples: np.ndarray = NOISE,
        chunks: int = 10,
        stamp_s: float = 5.0,
        age_ms: float = 20.0,
    ) -> None:
        """Hear chunks of a tenth of a second, four results in ten."""
        self.input.received += chunks
        for number in range(chunks):
            self.statistics.hear(Chunk(samples, 16_000, 1, stamp_s, 5.0))
            if number % 5 in (2, 4):
                self.statistics.results.record(3.0, age_ms)

    def after(
        self, seconds: float = 1.0, reason: Status | None = None, warning: str = ''
    ) -> Status:
        """Let time pass and assess the health."""
        self.clock.now_s += seconds
        return self.health.assess(reason, warning)


@pytest.fixture
def microphone(clock: SimpleNamespace) -> Microphone:
    """Give the test a microphone's health."""
    return Microphone(clock)


def summary(status: Status) -> tuple[str, str]:
    """Return level and message."""
    return status.level, status.message


def test_healthy(microphone: Microphone) -> None:
    microphone.hear()
    status = microphone.after()
    assert summary(status) == ('ok', '4.0 results per second')
    assert status.values == {
        'rate_hz': '4.00',
        'age_ms': '20.0',
        'inference_p50_ms': '3.00',
        'inference_p95_ms': '3.00',
        'level_db': status.values['level_db'],
        'clipping': '0.000',
        'chunks_received': 10,
        'chunks_dropped': 0,
        'chunks_lost': 0,
        'chunks_refused': 0,
        'restarts': 0,
        'sample_rate': 16_000,
        'channels': 1,
        'type': 'nn_perception_interfaces/msg/AudioChunk',
        'reliability': 'reliable',
    }
    assert float(str(status.values['level_db'])) == pytest.approx(-25.5, abs=0.5)


def test_silence_is_explained_after_a_while(microphone: Microphone) -> None:
    assert microphone.after(3.0).level == 'ok'
    assert summary(microphone.after(2.0)) == ('warn', 'no sound for 5 s: no publisher on /audio')
    microphone.hear()
    assert microphone.after().level == 'ok'


def test_a_blocking_reason_overrides_everything(microphone: Microphone) -> None:
    reason = Status('error', 'there is no such model')
    microphone.statistics.results.reject('too loud')
    microphone.dropped = 5
    assert summary(microphone.after(60.0, reason)) == summary(reason)
    assert microphone.after().level == 'ok'


@pytest.mark.parametrize(
    ('what', 'sentence'),
    [
        (
            lambda one: one.statistics.results.reject('it is odd'),
            '1 chunks were rejected: it is odd',
        ),
        (
            lambda one: setattr(one, 'dropped', 7),
            '7 chunks were dropped: this machine is too slow',
        ),
        (lambda one: setattr(one.input, 'lost', 3), '3 chunks were lost in transport'),
        (lambda one: one.statistics.restart('0.50 s are missing'), '0.50 s are missing'),
    ],
)
def test_what_is_not_heard_is_said_once(
    what: object, sentence: str, microphone: Microphone
) -> None:
    microphone.hear()
    what(microphone)
    status = microphone.after()
    assert status.level == 'warn'
    assert status.message.startswith(sentence)
    microphone.hear()
    assert microphone.after().level == 'ok'


def test_only_zeros_are_a_muted_microphone(microphone: Microphone) -> None:
    zeros = np.zeros(1600, np.int16)
    for _ in range(2):
        microphone.hear(zeros)
        assert microphone.after().level == 'ok'
    microphone.hear(zeros)
    status = microphone.after()
    assert summary(status) == ('warn', 'only zeros for 3 s: is the microphone muted?')
    microphone.hear()
    assert microphone.after().level == 'ok'


def test_clipping_is_said(microphone: Microphone) -> None:
    loud = np.clip(NOISE.astype(np.int32) * 12, -32768, 32767).astype(np.int16)
    microphone.hear(loud)
    status = microphone.after()
    assert status.level == 'warn'
    assert '% of the samples are clipped' in status.message
    assert float(str(status.values['clipping'])) > 0.05


def test_values_that_are_not_finite_are_said(microphone: Microphone) -> None:
    microphone.hear()
    microphone.statistics.hear(Chunk(NOISE, 16_000, 1, 5.0, 5.0), replaced=3)
    assert microphone.after().message.startswith('3 values of the sound are not finite')
    microphone.hear()
    assert microphone.after().level == 'ok'


def test_sound_without_stamps(microphone: Microphone) -> None:
    microphone.hear(stamp_s=0.0)
    assert 'no timestamps' in microphone.after().message


def test_stamps_of_another_clock_are_no_warning(microphone: Microphone) -> None:
    microphone.hear(age_ms=90_000.0)
    status = microphone.after()
    assert status.level == 'ok'
    assert "the sounds' timestamps are 90 s behind" in status.message


def test_a_warning_of_the_node_comes_last(microphone: Microphone) -> None:
    microphone.hear()
    assert summary(microphone.after(warning='the version is damaged')) == (
        'warn',
        'the version is damaged',
    )
