"""Blocks of sound become windows that overlap, each with the time of its end."""

from __future__ import annotations

from nn_perception.capabilities.sounds.windows import WindowBuffer
from nn_perception.core.audio.samples import SoundWindow
import numpy as np
import pytest

START_S = 1_795_900_000.25
SAMPLE_S = 1 / 16000


def ramp(count: int) -> np.ndarray:
    """Give samples that say their own number."""
    return (np.arange(count) / 100_000).astype(np.float32)


def number_of(sample: np.float32) -> int:
    return round(float(sample) * 100_000)


def feed(buffer: WindowBuffer, samples: np.ndarray, size: int, **kwargs: int) -> list[SoundWindow]:
    rate_hz = kwargs.get('rate_hz', 16000)
    return [
        window
        for start in range(0, len(samples), size)
        for window in buffer.add(
            samples[start : start + size], START_S + start / rate_hz, **kwargs
        )
    ]


@pytest.mark.parametrize('size', [1, 160, 1600, 4001, 16000, 50_000])
def test_windows_and_stamps_do_not_depend_on_the_blocks(size: int) -> None:
    windows = feed(WindowBuffer(0.75, 'mic', 'ear'), ramp(26_000), size)
    assert len(windows) == 3
    for number, window in enumerate(windows):
        assert window.samples.shape == (16000,)
        assert number_of(window.samples[0]) == 4000 * number
        assert window.stamp_s == pytest.approx(START_S + 1.0 + 0.25 * number, abs=SAMPLE_S / 10)
        assert (window.source, window.name, window.frame_id) == ('mic', 'mic', 'ear')


@pytest.mark.parametrize(('overlap', 'count'), [(0.0, 2), (0.5, 3), (0.95, 21)])
def test_overlap(overlap: float, count: int) -> None:
    buffer = WindowBuffer(overlap)
    assert buffer.hop_s == pytest.approx(1.0 - overlap)
    assert len(feed(buffer, ramp(32_000), 1600)) == count


@pytest.mark.parametrize('overlap', [-0.1, 0.96, float('nan')])
def test_rejects_an_overlap(overlap: float) -> None:
    with pytest.raises(ValueError, match=r'overlap must be 0 to 0\.95'):
        WindowBuffer(overlap)


def test_the_overlap_changes_at_any_time() -> None:
    buffer = WindowBuffer(0.0)
    assert len(buffer.add(ramp(16000) * 0, START_S)) == 1
    assert buffer.add(ramp(12000), START_S + 1.0) == []
    buffer.overlap = 0.95
    windows = buffer.add(ramp(1600), START_S + 1.75)
    # As soon as it can, but not with samples that are no longer there.
    assert [round(window.stamp_s - START_S, 3) for window in windows] == [1.75, 1.8, 1.85]


@pytest.mark.parametrize('rate_hz', [8000, 22050, 44100, 48000])
def test_other_rates_and_stereo_have_exact_stamps(rate_hz: int) -> None:
    seconds = np.arange(rate_hz * 3 // 2) / rate_hz
    # A click in the middle of the second second, on one channel.
    click = np.exp(-(((seconds - 1.25) * 400.0) ** 2))
    stereo = np.stack([np.zeros_like(click), click], axis=1)
    windows = feed(WindowBuffer(0.75), stereo, rate_hz // 10, rate_hz=rate_hz)
    assert len(windows) in {2, 3}
    window = windows[1]
    assert window.stamp_s == pytest.approx(START_S + 1.25, abs=1e-6)
    # The click is where its time says, to the sample.
    buffer = WindowBuffer(0.75)
    feed(buffer, stereo, rate_hz // 10, rate_hz=rate_hz)
    last = [*windows, *buffer.finish()][-1]
    peak_s = last.stamp_s - (16000 - int(np.argmax(last.samples))) / 16000
    assert peak_s == pytest.approx(START_S + 1.25, abs=SAMPLE_S)


@pytest.mark.parametrize(
    ('off_s', 'reason'),
    [
        (0.4, '0.40 s of sound are missing; listening restarts'),
        (-0.4, 'the stamps jump back by 0.40 s; listening restarts'),
        (3600.0, 'the stamps jump forward by 3600.00 s; listening restarts'),
    ],
)
@pytest.mark.parametrize('rate_hz', [16000, 48000])
def test_no_window_contains_a_gap(off_s: float, reason: str, rate_hz: int) -> None:
    buffer = WindowBuffer(0.75)
    second = np.full(rate_hz, 0.1)
    before = buffer.add(second, START_S, rate_hz)
    assert len(before) == (rate_hz == 16000)
    after_s = START_S + 1.0 + off_s
    assert buffer.add(second[: rate_hz // 2], after_s, rate_hz) == []
    assert (buffer.restarts, buffer.reason) == (1, reason)
    windows = buffer.add(second, after_s + 0.5, rate_hz)
    assert windows[0].stamp_s == pytest.approx(after_s + 1.0, abs=1e-6)
    assert buffer.restarts == 1


def test_jitter_is_tolerated_and_drift_is_followed() -> None:
    buffer = WindowBuffer(0.0)
    random = np.random.default_rng(0)
    # The sound card is 0.1 % slow, and blocks are stamped up to 20 ms late.
    stamps = START_S + np.arange(600) * 0.1001 + random.uniform(0.0, 0.02, 600)
    windows = [window for stamp in stamps for window in buffer.add(ramp(1600), stamp)]
    assert (len(windows), buffer.restarts) == (60, 0)
    assert windows[-1].stamp_s == pytest.approx(START_S + 600 * 0.1001 + 0.01, abs=0.01)


def test_without_stamps_blocks_follow_each_other() -> None:
    buffer = WindowBuffer(0.75)
    windows = [window for _ in range(20) for window in buffer.add(ramp(1600))]
    assert [window.stamp_s for window in windows] == [1.0, 1.25, 1.5, 1.75, 2.0]
    assert buffer.restarts == 0


def test_another_format_begins_anew() -> None:
    buffer = WindowBuffer(0.75)
    buffer.add(ramp(8000), START_S)
    stereo = np.zeros((48000, 2), np.int16)
    (window, *_) = buffer.add(np.concatenate([stereo, stereo]), START_S + 0.5, 48000)
    assert window.stamp_s == pytest.approx(START_S + 1.5)
    assert buffer.reason == (
        'the sound has 48000 Hz and 2 channels, no longer 16000 Hz and 1; listening restarts'
    )


@pytest.mark.parametrize(
    ('block', 'stamp_s', 'rate_hz', 'reason'),
    [
        (np.zeros(10, np.int32), START_S, 16000, 'int16 or float'),
        (np.zeros((4, 40)), START_S, 16000, '40 channels'),
        (np.zeros(10), START_S, 0, 'rate of 0 Hz'),
        (np.zeros(10), START_S, -5, 'rate of -5 Hz'),
        (np.zeros(10), float('nan'), 16000, 'the stamp of the sound is nan'),
        (np.zeros(2_000_000, np.int16), START_S, 16000, 'a block of 125 s of sound is too long'),
    ],
)
def test_what_is_rejected_changes_nothing(
    block: np.ndarray, stamp_s: float, rate_hz: int, reason: str
) -> None:
    buffer = WindowBuffer(0.75)
    buffer.add(ramp(8000), START_S)
    with pytest.raises(ValueError, match=reason):
        buffer.add(block, stamp_s, rate_hz)
    (window,) = buffer.add(ramp(8000), START_S + 0.5)
    assert window.stamp_s == START_S + 1.0
    assert buffer.restarts == 0


def test_values_that_are_not_finite_are_silence() -> None:
    buffer = WindowBuffer()
    (window,) = buffer.add(np.full(16000, np.nan), START_S)
    assert not window.samples.any()
    assert buffer.replaced == 16000


def test_the_end_of_a_sound() -> None:
    buffer = WindowBuffer(0.0)
    assert buffer.finish() == []
    buffer.add(ramp(20_000), START_S)
    (last,) = buffer.finish()
    assert number_of(last.samples[0]) == 4000
    assert last.stamp_s == pytest.approx(START_S + 1.25)
    # A short one is in the middle of silence.
    buffer.add(np.ones(4000), START_S)
    (short,) = buffer.finish()
    assert short.samples[6000:10_000].all() and short.samples.sum() == 4000
    assert short.stamp_s == pytest.approx(START_S + 0.25)
    buffer.add(np.ones(16_000), START_S)
    assert buffer.finish() == []
