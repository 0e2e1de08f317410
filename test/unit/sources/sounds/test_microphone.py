"""
Microphones as sources of sound.

The machine that runs the tests may have no microphone and no PortAudio: a mock stands in for the
package sounddevice. It delivers blocks as PortAudio does, in a thread of its own.
"""

from __future__ import annotations

from collections.abc import Callable
import sys
import threading
import time
from types import ModuleType, SimpleNamespace
from typing import Any

from nn_perception.sources.sounds import microphone
from nn_perception.sources.sounds.open_sounds import open_sounds
import numpy as np
import pytest

DEVICES = [
    {'name': 'HDMI', 'max_input_channels': 0, 'default_samplerate': 48_000.0},
    {'name': 'USB Audio', 'max_input_channels': 1, 'default_samplerate': 48_000.0},
    {'name': 'Array of four', 'max_input_channels': 4, 'default_samplerate': 16_000.0},
]


class PortAudioError(Exception):
    """What the real package raises."""


class MockStream:
    """A stream that a test feeds."""

    def __init__(self, callback: Callable[..., None], **options: Any) -> None:
        self.callback, self.options = callback, options
        self.active = False

    def start(self) -> None:
        self.active = True

    def close(self) -> None:
        self.active = False

    def deliver(self, block: np.ndarray, latency_s: float = 0.0) -> None:
        """Deliver a block, ``(S, channels)``, and use its memory again, as PortAudio does."""
        when = SimpleNamespace(currentTime=100.0, inputBufferAdcTime=100.0 - latency_s)
        given = block.copy()
        thread = threading.Thread(target=self.callback, args=(given, len(given), when, None))
        thread.start()
        thread.join()
        given[:] = 99


class MockLibrary(ModuleType):
    """The part of sounddevice that is used."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        super().__init__('sounddevice')
        self.devices = DEVICES
        self.streams: list[MockStream] = []

    def query_devices(self, kind: str = '') -> Any:
        if not kind:
            return self.devices
        if len(self.devices) < 2:
            raise PortAudioError('Error querying device -1')
        return self.devices[1]

    def InputStream(self, **options: Any) -> MockStream:  # noqa: N802
        if options['samplerate'] > 96_000:
            raise PortAudioError('Invalid sample rate')
        self.streams.append(MockStream(**options))
        return self.streams[-1]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> MockLibrary:
    mock = MockLibrary()
    monkeypatch.setitem(sys.modules, 'sounddevice', mock)
    return mock


def ramp(begin: int, count: int, channels: int = 1) -> np.ndarray:
    return (
        np.arange(begin * channels, (begin + count) * channels)
        .reshape(count, channels)
        .astype(np.int16)
    )


@pytest.mark.parametrize(
    ('source', 'rate_hz', 'device', 'expected'),
    [
        ('microphone', 0, None, (48_000, 1, 'microphone USB Audio')),
        ('microphone:usb', 16_000, 1, (16_000, 1, 'microphone USB Audio')),
        ('microphone:2', 0, 2, (16_000, 2, 'microphone Array of four')),
    ],
)
def test_finds_a_microphone_and_cuts_its_sound(
    library: MockLibrary,
    source: str,
    rate_hz: int,
    device: int | None,
    expected: tuple[int, int, str],
) -> None:
    opened = open_sounds(source, rate_hz)
    (stream,) = library.streams
    assert opened.live and not opened.ended and opened.problem == ''
    assert (stream.options['device'], stream.options['dtype']) == (device, 'int16')
    rate, channels, _ = expected
    begin_s = time.monotonic()
    for number in range(3):
        stream.deliver(ramp(700 * number, 700, channels), latency_s=0.5)
    chunk = opened.read(1000 / rate)
    assert chunk is not None
    assert (chunk.rate_hz, chunk.channels, chunk.name, chunk.count) == (*expected, 1000)
    np.testing.assert_array_equal(chunk.samples, ramp(0, 1000, channels).ravel())
    # The last block began half a second before it was delivered.
    assert chunk.captured_s == pytest.approx(begin_s - 0.5 - 1400 / rate, abs=0.2)
    after = opened.read(1000 / rate)
    assert after is not None and after.samples[0] == 1000 * channels
    assert after.captured_s == pytest.approx(chunk.captured_s + 1000 / rate)
    assert opened.read(1000 / rate) is None
    opened.close()
    assert not stream.active


def test_drops_the_oldest_sound_that_nobody_reads(
    library: MockLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, 'MAX_KEPT_S', 1.0)
    opened = open_sounds('microphone', 1000)
    for number in range(30):
        library.streams[0].deliver(ramp(100 * number, 100))
    chunk = opened.read(0.1)
    assert chunk is not None and chunk.samples[0] == 1900
    assert chunk.captured_s == pytest.approx(time.monotonic() - 1.1, abs=0.2)


def test_a_microphone_that_is_lost_and_comes_back(
    library: MockLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, 'READ_WAIT_S', 0.0)
    opened = open_sounds('microphone:usb')
    monkeypatch.setattr(microphone, 'SILENT_S', 0.0)
    assert opened.problem == 'no sound from microphone USB Audio for 0 s'
    library.streams[0].active = False
    assert opened.read(0.1) is None
    assert opened.ended
    assert opened.problem == 'microphone USB Audio stopped; it may be unplugged'
    library.devices = DEVICES[:1]
    assert not opened.rewind()
    assert opened.read(0.1) is None
    assert opened.problem == 'there is no microphone usb; there is none'
    library.devices = DEVICES
    assert opened.rewind()
    assert not opened.ended
    library.streams[1].deliver(ramp(0, 4800))
    assert opened.read(0.1) is not None


@pytest.mark.usefixtures('library')
@pytest.mark.parametrize(
    ('source', 'rate_hz', 'reason'),
    [
        (
            'microphone:bluetooth',
            0,
            'there is no microphone bluetooth; there are 1: USB Audio, 2: Array of four',
        ),
        ('microphone:hdmi', 0, 'there is no microphone hdmi'),
        ('microphone', 192_000, r'microphone \(default\) cannot be used: Invalid sample rate'),
        ('microphone', 10, 'a sampling rate of 10 Hz is not supported'),
    ],
)
def test_says_why_there_is_no_microphone(source: str, rate_hz: int, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        open_sounds(source, rate_hz)


def test_no_default_microphone(library: MockLibrary) -> None:
    library.devices = DEVICES[:1]
    with pytest.raises(ValueError, match=r'\(default\) cannot be used: Error querying device'):
        open_sounds('microphone')


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'sounddevice', None)
    with pytest.raises(OSError, match=r"pip install 'nn_perception\[microphone\]'"):
        open_sounds('microphone')

    class NoPortAudio:
        """Fails as the real package does where the library is missing."""

        def find_spec(self, name: str, *_: object) -> None:
            if name == 'sounddevice':
                raise OSError('PortAudio library not found')

    monkeypatch.delitem(sys.modules, 'sounddevice')
    monkeypatch.setattr(sys, 'meta_path', [NoPortAudio(), *sys.meta_path])
    with pytest.raises(OSError, match='sudo apt install libportaudio2'):
        open_sounds('microphone')
