"""Sound of any rate and number of channels becomes one channel at 16 kHz."""

from __future__ import annotations

from nn_perception.core.audio.resampling import Resampler
import numpy as np
import pytest

# Each kind: divisors of 16 kHz, multiples of it, with a common divisor, and without one.
RATES_HZ = [1000, 8000, 11025, 16000, 22050, 44100, 48000, 191_999, 384_000]


def noise(count: int, channels: int = 1) -> np.ndarray:
    values = 0.2 * np.random.default_rng(0).standard_normal((count, channels))
    return values.clip(-1.0, 1.0).astype(np.float32)


def whole(samples: np.ndarray, rate_hz: int, channels: int = 1) -> np.ndarray:
    resampler = Resampler(rate_hz, channels)
    return np.concatenate([resampler.convert(samples), resampler.finish()])


@pytest.mark.parametrize('rate_hz', RATES_HZ)
def test_blocks_joined_are_the_whole(rate_hz: int) -> None:
    samples = noise(rate_hz // 4, 2)
    expected = whole(samples, rate_hz, 2)
    assert len(expected) == -(-len(samples) * 16000 // rate_hz)
    resampler, parts, start = Resampler(rate_hz, 2), [], 0
    random = np.random.default_rng(1)
    while start < len(samples):
        end = start + int(random.integers(0, rate_hz // 20))
        # The next sample of the result is so much earlier than the next one of the source.
        produced = sum(len(part) for part in parts)
        due_s = min(start, len(samples)) / rate_hz
        assert produced / 16000 + resampler.lag_s == pytest.approx(due_s)
        parts.append(resampler.convert(samples[start:end]))
        start = end
    parts.append(resampler.finish())
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-5)


@pytest.mark.parametrize('rate_hz', RATES_HZ)
def test_a_tone_stays_where_it_is(rate_hz: int) -> None:
    tone = np.sin(2.0 * np.pi * 100.0 * np.arange(rate_hz // 2) / rate_hz)
    result = whole(tone, rate_hz)
    expected = np.sin(2.0 * np.pi * 100.0 * np.arange(len(result)) / 16000)
    # The ends are cut off: there the tone begins and stops.
    np.testing.assert_allclose(result[400:-400], expected[400:-400], atol=1e-3)


@pytest.mark.parametrize('rate_hz', [44100, 191_999, 384_000])
def test_leaves_out_what_16_khz_cannot_represent(rate_hz: int) -> None:
    tone = np.sin(2.0 * np.pi * 10_000.0 * np.arange(rate_hz // 2) / rate_hz)
    assert np.abs(whole(tone, rate_hz)[400:-400]).max() < 3e-3


def test_16_bit_and_channels() -> None:
    pairs = np.array([[-32768, 32767], [16384, 0]], np.int16)
    expected = np.array([-1 / 65536, 0.25], np.float32)
    for block in (pairs, pairs.ravel()):
        np.testing.assert_array_equal(Resampler(16000, 2).convert(block), expected)


def test_what_is_not_finite_is_silence_and_what_is_too_large_is_clipped() -> None:
    resampler = Resampler(16000)
    block = np.array([0.5, np.nan, np.inf, -np.inf, 1e30, -3.0])
    np.testing.assert_array_equal(resampler.convert(block), [0.5, 0.0, 0.0, 0.0, 1.0, -1.0])
    assert resampler.replaced == 3
    loud = whole(np.where(np.arange(4800) % 480 < 240, 1e30, -np.inf), 48000)
    assert np.isfinite(loud).all() and np.abs(loud).max() <= 1.0


@pytest.mark.parametrize(
    ('rate_hz', 'channels', 'reason'),
    [
        (0, 1, 'rate of 0 Hz is not supported; it must be 1000 to 384000 Hz'),
        (-16000, 1, 'rate of -16000 Hz'),
        (384_001, 1, 'rate of 384001 Hz'),
        (16000, 0, 'sound of 0 channels is not supported; it must be 1 to 32'),
        (16000, 33, 'sound of 33 channels'),
    ],
)
def test_rejects_what_no_sound_has(rate_hz: int, channels: int, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Resampler(rate_hz, channels)


@pytest.mark.parametrize(
    ('block', 'reason'),
    [
        (np.zeros(3, np.int16), '3 values are no whole number of samples of 2 channels'),
        (np.zeros((2, 3), np.int16), 'expected 2 channels, got 3'),
        (np.zeros((2, 2, 2), np.int16), '8 values are no whole number'),
        (np.zeros(4, np.int32), 'expected samples of int16 or float, got int32'),
    ],
)
def test_rejects_other_blocks(block: np.ndarray, reason: str) -> None:
    resampler = Resampler(48000, 2)
    with pytest.raises(ValueError, match=reason):
        resampler.convert(block)
    assert resampler.lag_s == 0.0
