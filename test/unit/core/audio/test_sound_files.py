"""Sound files of every kind, whole and damaged."""

from __future__ import annotations

import io
import logging
import os
from pathlib import Path
import re
import struct
import sys
import tracemalloc

from nn_perception.core.audio import sound_files
from nn_perception.core.audio.sound_files import (
    as_int16,
    decode_sound,
    encode_wav,
    open_sound,
    read_sound,
)
import numpy as np
import pytest
import soundfile

# Format, subtype, and how far lossy kinds may be off.
KINDS = [
    ('WAV', 'PCM_U8', 0.01),
    ('WAV', 'PCM_16', 1e-3),
    ('WAV', 'PCM_24', 1e-3),
    ('WAV', 'FLOAT', 1e-3),
    ('WAV', 'DOUBLE', 1e-3),
    ('RF64', 'PCM_16', 1e-3),
    ('W64', 'PCM_16', 1e-3),
    ('AIFF', 'PCM_16', 1e-3),
    ('FLAC', 'PCM_16', 1e-3),
    ('OGG', 'VORBIS', 0.05),
    ('OGG', 'OPUS', 0.05),
    ('MP3', 'MPEG_LAYER_III', 0.05),
]


def tone(rate_hz: int, seconds: float = 0.5) -> np.ndarray:
    return 0.5 * np.sin(2.0 * np.pi * 440.0 * np.arange(round(rate_hz * seconds)) / rate_hz)


def write(path: Path, kind: str = 'WAV', subtype: str = 'PCM_16', rate_hz: int = 48000) -> Path:
    soundfile.write(path, tone(rate_hz), rate_hz, format=kind, subtype=subtype)
    return path


@pytest.mark.parametrize(('kind', 'subtype', 'tolerance'), KINDS)
def test_the_content_decides(tmp_path: Path, kind: str, subtype: str, tolerance: float) -> None:
    # The library takes this name for samples without a header.
    path = write(tmp_path / 'sound.raw', kind, subtype)
    samples = read_sound(path)
    assert len(samples) == 8000
    np.testing.assert_allclose(samples[800:-800], tone(16000)[800:-800], atol=tolerance)
    np.testing.assert_array_equal(decode_sound(path.read_bytes()), samples)


@pytest.mark.parametrize('rate_hz', [8000, 16000, 22050, 44100, 48000])
def test_rates_and_stereo(tmp_path: Path, rate_hz: int) -> None:
    both = np.stack([tone(rate_hz), np.zeros(rate_hz // 2)], axis=1)
    soundfile.write(tmp_path / 'a.wav', both, rate_hz)
    with open_sound(tmp_path / 'a.wav') as sound:
        assert (sound.rate_hz, sound.channels, sound.duration_s) == (rate_hz, 2, 0.5)
        samples = np.concatenate(list(sound.samples()))
        assert sound.problem == ''
    np.testing.assert_allclose(samples[400:-400], tone(16000)[400:-400] / 2.0, atol=1e-3)


def test_wav_is_lossless() -> None:
    numbers = np.arange(-32768, 32768).astype(np.int16)
    encoded = encode_wav(numbers)
    samples = decode_sound(encoded)
    np.testing.assert_array_equal(as_int16(samples), numbers)
    assert encode_wav(samples) == encoded
    np.testing.assert_array_equal(as_int16(np.array([2.0, -2.0])), [32767, -32768])
    for wrong in (np.zeros((2, 2)), np.zeros(2, np.int32), np.array([np.nan])):
        with pytest.raises(ValueError, match=r'expected samples|not finite'):
            encode_wav(wrong)


# What is said about half of the file.
@pytest.mark.parametrize(
    ('kind', 'subtype', 'reason'),
    [
        ('WAV', 'PCM_16', r'it is cut, 50 % of it are there'),
        ('AIFF', 'PCM_16', r'it is cut, 50 % of it are there'),
        ('FLAC', 'PCM_16', r'it is damaged after (0\.9|1\.0) s: .+'),
        ('OGG', 'VORBIS', r'it is cut, its last part is missing'),
        ('MP3', 'MPEG_LAYER_III', r'it is cut, (0\.9|1\.0) of 2\.0 s are there'),
    ],
)
def test_what_can_be_read_of_a_cut_file_is_read(
    tmp_path: Path, kind: str, subtype: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / 'cut.wav'
    noise = 0.1 * np.random.default_rng(0).standard_normal(96000)
    soundfile.write(path, noise, 48000, format=kind, subtype=subtype)
    os.truncate(path, path.stat().st_size // 2)
    with caplog.at_level(logging.WARNING):
        assert 7000 < len(read_sound(path)) < 17000
    (record,) = caplog.records
    assert re.fullmatch(f'{path}: {reason}', record.getMessage())


def header_of_4_gb(rate_hz: int = 16000, size: int = 0xFFFFFF00) -> bytes:
    wav = bytearray(encode_wav(as_int16(tone(16000))))
    wav[4:8] = wav[40:44] = struct.pack('<I', size)
    wav[24:28] = struct.pack('<I', rate_hz)
    return bytes(wav)


def test_a_header_that_lies_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    tracemalloc.start()
    assert len(decode_sound(header_of_4_gb())) == 8000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
    assert 'it is cut' in caplog.text
    caplog.clear()
    # What programs write that stream to a pipe.
    assert len(decode_sound(header_of_4_gb(size=0xFFFFFFFF))) == 8000
    assert not caplog.text


def float_wav(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, values, 16000, format='WAV', subtype='FLOAT')
    return file.getvalue()


def test_values_that_are_not_finite_are_silence(caplog: pytest.LogCaptureFixture) -> None:
    samples = decode_sound(float_wav(np.array([0.5, np.nan, np.inf, 7.0])), name='n.wav')
    np.testing.assert_array_equal(samples, [0.5, 0.0, 0.0, 1.0])
    assert 'n.wav: 2 of its values are not finite; they are taken as silence' in caplog.text


PNG = b'\x89PNG\r\n\x1a\n' + bytes(100)
NO_SOUNDS = {
    b'': 'n is empty',
    b'not a sound\n' * 100: r'n is text, not a sound \(WAV, FLAC, OGG, MP3 and AIFF can be read\)',
    'Grüße'.encode('utf-16'): 'n is text',
    PNG: r'n is a picture \(PNG\), not a sound',
    b'\xff\xd8\xff\xe0' + bytes(100): r'n is a picture \(JPEG\)',
    bytes(range(256)): 'n is not a sound of a known kind',
    bytes(1000): 'n is not a sound of a known kind',
    b'\xff\xfb\x90\x64' + bytes(10): 'n is damaged, or a kind of sound',
    b'RIFF\x00\x00\x00\x00WAVE': 'n is damaged, or a kind of sound',
    encode_wav(np.empty(0, np.int16)): 'n contains no sound',
    header_of_4_gb(rate_hz=0): 'n: a sampling rate of 0 Hz|n is damaged',
    header_of_4_gb(rate_hz=7): 'n: a sampling rate of 7 Hz is not supported',
    header_of_4_gb(rate_hz=4_000_000_000): 'n: a sampling rate|n is damaged',
}


@pytest.mark.parametrize('content', NO_SOUNDS)
def test_says_why_it_is_no_sound(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match=f'^{NO_SOUNDS[content]}'):
        decode_sound(content, name='n')
    path = tmp_path / 'n.mp3'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f'^{tmp_path}/'), open_sound(path) as sound:
        assert not sum(map(len, sound.samples()))
        raise ValueError(f'{path}')


@pytest.mark.parametrize('channels', [0, 33, 65535])
def test_says_that_there_are_too_many_channels(channels: int) -> None:
    wav = bytearray(header_of_4_gb())
    wav[22:24], wav[32:34] = struct.pack('<H', channels), struct.pack('<H', 2 * channels % 65536)
    with pytest.raises(ValueError, match=r'^n(: sound of 33 channels| is damaged|: sound of)'):
        decode_sound(bytes(wav), name='n')


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe')
    for path in (tmp_path, tmp_path / 'pipe', '/dev/zero'):
        with pytest.raises(ValueError, match=r'is not a file$'):
            read_sound(path)
    with pytest.raises(FileNotFoundError):
        read_sound(tmp_path / 'none.wav')


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / 'a.wav')
    with pytest.raises(ValueError, match=r'a\.wav is longer than 0\.4 s$'):
        read_sound(path, max_s=0.4)
    monkeypatch.setattr(sound_files, 'MAX_BYTES', 1000)
    with pytest.raises(ValueError, match='the sound is larger than 0 MB'):
        decode_sound(path.read_bytes())
    monkeypatch.setattr(sound_files, 'STREAM_MAX_S', 0.3)
    monkeypatch.setattr(sound_files, 'BLOCK_VALUES', 4800)
    with open_sound(path) as sound:
        assert sum(map(len, sound.blocks())) == 0.3 * 48000
        assert 'it is longer than 0 h; the rest is not read' in sound.problem


def test_two_hours_take_little_memory(tmp_path: Path) -> None:
    path = tmp_path / 'long.wav'
    size = 2 * 3600 * 1000
    header = bytearray(encode_wav(np.empty(0, np.int16)))
    # 8 bit at 1 kHz, and a file with a hole: only the header takes space.
    header[24:36] = struct.pack('<IIHH', 1000, 1000, 1, 8)
    header[40:44] = struct.pack('<I', size)
    path.write_bytes(header)
    os.truncate(path, len(header) + size)
    tracemalloc.start()
    with open_sound(path) as sound:
        assert sound.duration_s == 7200.0
        assert sum(len(block) for block in sound.blocks()) == size
        assert sound.problem == ''
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(('kind', 'subtype', '_'), [KINDS[1], *KINDS[8:]])
def test_mutated_files_give_a_sound_or_a_sentence(
    tmp_path: Path, kind: str, subtype: str, _: float
) -> None:
    content = write(tmp_path / 'a', kind, subtype).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(40):
        mutated = bytearray(content)
        for place in random.integers(0, min(len(content), int(random.choice([64, 10**9]))), 8):
            mutated[place] = random.integers(0, 256)
        try:
            samples = decode_sound(bytes(mutated[: random.integers(1, len(mutated) + 1)]))
        except ValueError as error:
            assert str(error).startswith('the sound')
        else:
            assert np.isfinite(samples).all() and np.abs(samples).max() <= 1.0


def test_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = write(tmp_path / 'a.wav')
    monkeypatch.setitem(sys.modules, 'soundfile', None)
    with pytest.raises(OSError, match='sound files need the package soundfile'):
        read_sound(path)
