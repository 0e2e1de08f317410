"""Chunks of a microphone, as windows."""

from __future__ import annotations

from dataclasses import replace

from nn_perception.capabilities.sounds.chunks import Chunk, ChunkWindows, MAX_CHUNK_S
import numpy as np
import pytest
from reasons import reason_of


def chunk(seconds: float = 0.1, stamp_s: float = 0.0, **fields: object) -> Chunk:
    size = round(16_000 * seconds)
    samples = np.full(size, 1000, np.int16)
    return replace(Chunk(samples, 16_000, 1, stamp_s, stamp_s), **fields)


@pytest.mark.parametrize(
    ('bad', 'reason'),
    [
        (chunk(rate_hz=0), 'the sampling rate is 0 Hz'),
        (chunk(rate_hz=2**32 - 1), 'the sampling rate is 4294967295 Hz'),
        (chunk(channels=0), 'the number of channels is 0'),
        (chunk(channels=255), 'the number of channels is 255'),
        (chunk(channels=3, samples=np.zeros(7, np.int16)), 'no whole number of samples'),
        (chunk(samples=np.zeros(0, np.int16)), 'no samples'),
        (chunk(samples=np.zeros(1000 * 61, np.int16), rate_hz=1000), 'lasts 61 s'),
        (chunk(stamp_s=-5.0), 'the stamp is -5 s'),
        (chunk(stamp_s=2.0**31), 'the stamp is 2147483648 s'),
    ],
)
def test_what_is_no_sound_is_rejected_and_changes_nothing(bad: Chunk, reason: str) -> None:
    windows = ChunkWindows(0.0)
    assert windows.add(chunk(0.5, 10.0)) == []
    assert reason in reason_of(lambda: windows.add(bad))
    (window,) = windows.add(chunk(0.5, 10.5))
    assert window.stamp_s == pytest.approx(11.0)
    assert windows.buffer.restarts == 0


def test_the_longest_chunk() -> None:
    windows = ChunkWindows(0.0)
    assert len(windows.add(chunk(MAX_CHUNK_S, 5.0))) == MAX_CHUNK_S


def test_channels_are_averaged_and_the_frame_is_kept() -> None:
    samples = np.tile(np.array([1000, 3000], np.int16), 16_000)
    (window,) = ChunkWindows(0.0).add(
        chunk(samples=samples, channels=2, stamp_s=7.0, frame_id='mic')
    )
    assert np.allclose(window.samples, 2000 / 32768)
    assert (window.stamp_s, window.frame_id) == (8.0, 'mic')


def test_without_stamps_the_time_of_receipt_counts() -> None:
    windows = ChunkWindows(0.0)
    # The machine was busy: the second chunk is received late, the third at its time.
    received = [100.5, 101.3, 101.5, 102.0]
    found = [
        window
        for received_s in received
        for window in windows.add(chunk(0.5, received_s=received_s))
    ]
    assert [window.stamp_s for window in found] == pytest.approx([101.0, 102.0])
    assert windows.buffer.restarts == 0
    # Nothing came for a second.
    assert windows.add(chunk(0.5, received_s=103.5)) == []
    assert windows.buffer.restarts == 1
    assert 'missing' in windows.buffer.reason
