"""A sound of any length becomes clips of one second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nn_perception.core.audio.samples import Samples, WINDOW_SAMPLES
from nn_perception.core.audio.sound_files import decode_sound, encode_wav
from nn_perception.training.datasets.media.clips import (
    as_clip,
    checked_recording,
    clip_parts,
    cut,
    loudness,
    SOUNDS,
    speaker_of,
)
import numpy as np
import pytest

RATE = 16_000


def sound(seconds: float) -> Samples:
    """Each sample differs from the others."""
    return np.linspace(-1.0, 1.0, round(seconds * RATE), dtype=np.float32)


def blocks_of(samples: Samples, size: int) -> list[Samples]:
    return [samples[start : start + size] for start in range(0, len(samples), size)]


@pytest.mark.parametrize('block', [1000, 16_000, 1 << 20])
@pytest.mark.parametrize(
    ('seconds', 'starts'),
    [
        (1.0, [0.0]),
        (2.0, [0.0, 1.0]),
        (2.49, [0.0, 1.0]),  # less than half a second is left
        (2.5, [0.0, 1.0, 1.5]),  # the last second of the sound
        (20.2, list(range(20))),
    ],
)
def test_one_second_after_the_other(seconds: float, starts: Sequence[float], block: int) -> None:
    whole = sound(seconds)
    found = list(cut(blocks_of(whole, block)))
    assert [start / RATE for start, _ in found] == starts
    for start, clip in found:
        assert np.array_equal(clip, whole[start : start + WINDOW_SAMPLES])


def test_a_short_sound_is_put_into_the_middle() -> None:
    short = np.full(8_000, 0.5, np.float32)
    ((start, clip),) = cut([short])
    assert start == -4_000
    assert np.array_equal(clip, np.pad(short, 4_000))


def test_of_a_little_more_than_a_second_the_loudest_one_is_taken() -> None:
    whole = np.zeros(22_000, np.float32)
    whole[18_000:20_000] = 0.5  # a word, late
    ((start, clip),) = cut([whole])
    assert start > 0
    assert float(np.abs(clip).sum()) == 1_000.0


@pytest.mark.parametrize(
    'blocks', [[], [np.zeros(0, np.float32)], [np.zeros(1_000, np.float32)]], ids=len
)
def test_nothing_can_be_made_of_nothing(blocks: list[Samples]) -> None:
    with pytest.raises(ValueError, match=r'the sound is only 0\.\d\d s long'):
        list(cut(blocks))


def test_what_is_no_sound() -> None:
    with pytest.raises(ValueError, match='not finite'):
        list(cut([np.full(16_000, np.nan, np.float32)]))


def test_a_longer_sound_is_no_clip() -> None:
    assert len(as_clip([sound(1.4)])) == WINDOW_SAMPLES
    with pytest.raises(ValueError, match='is longer than a clip of one second'):
        as_clip([sound(1.5)])


def test_the_parts_of_a_sound_have_one_recording() -> None:
    one, two, three = clip_parts([sound(3.0)])
    assert one.recording == two.recording == three.recording != ''
    assert [part.offset_ns for part in (one, two, three)] == [0, 10**9, 2 * 10**9]
    assert next(clip_parts([sound(3.0)], 'mine')).recording == 'mine'
    (alone,) = clip_parts([sound(0.5)])
    assert (alone.recording, alone.offset_ns) == ('', 0)


def test_a_stored_clip_is_stored_again_without_a_change(test_data: Path) -> None:
    for path in sorted((test_data / 'sounds' / 'stop').glob('*.wav'))[:5]:
        (part,) = SOUNDS.parts(path)
        (again,) = SOUNDS.unpacked_parts(part.content, '')
        assert again.content == part.content
        assert part.recording == path.name.split('_')[0]


@pytest.mark.parametrize(
    ('name', 'speaker'),
    [
        ('37dca74f_nohash_0.wav', '37dca74f'),
        ('0a7c2a8d_nohash_13.wav', '0a7c2a8d'),
        ('1024.wav', ''),
        ('stop_nohash_0.wav', ''),
        ('1790000000_3.wav', ''),
    ],
)
def test_the_speaker_is_in_the_name_of_the_file(name: str, speaker: str) -> None:
    assert speaker_of(name) == speaker


def test_loudness() -> None:
    assert loudness(np.zeros(16_000, np.float32)) == -120.0
    assert loudness(np.full(16_000, 0.1, np.float32)) == pytest.approx(-20.0, abs=0.01)
    overdriven = np.full(16_000, 0.1, np.float32)
    overdriven[:1_600] = 1.0
    assert loudness(overdriven) == pytest.approx(10.0)  # percent


@pytest.mark.parametrize(
    ('quality', 'label', 'words'),
    [
        (-120.0, 'stop', 'nothing but zeros'),
        (-120.0, 'background', 'nothing but zeros'),
        (-60.0, 'stop', 'almost silent'),
        (-60.0, 'background', ''),  # as it should be
        (-30.0, 'stop', ''),
        (0.0, 'stop', ''),
        (5.0, 'background', 'overdriven'),
    ],
)
def test_faults(quality: float, label: str, words: str) -> None:
    fault = SOUNDS.fault(quality, label)
    assert fault.startswith(words)
    assert bool(fault) == bool(words)


def test_real_words_are_neither_silent_nor_overdriven(test_data: Path) -> None:
    paths = sorted((test_data / 'sounds').glob('[!b]*/*.wav'))[::10]
    assert len(paths) == 32
    assert [SOUNDS.fault(loudness(SOUNDS.read(path)), 'word') for path in paths] == [''] * 32


@pytest.mark.parametrize('text', ['x' * 101, 'two\nlines', '\x00'])
def test_the_name_of_a_recording_is_checked(text: str) -> None:
    with pytest.raises(ValueError, match='the name of a recording has at most 100 characters'):
        checked_recording(text)


@pytest.mark.parametrize(
    ('content', 'words'),
    [(b'', 'is empty'), (b'hello', 'is text, not a sound'), (encode_wav(sound(0.01)), 'is only')],
)
def test_errors_begin_with_the_file(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / 'one.wav'
    path.write_bytes(content)
    for read in (SOUNDS.read, lambda one: list(SOUNDS.parts(one))):
        with pytest.raises(ValueError, match=words) as caught:
            read(path)
        assert str(caught.value).startswith(f'{path} ')
    with pytest.raises(ValueError, match=f'^it {words}'):
        list(SOUNDS.unpacked_parts(content, ''))


def test_other_rates_and_channels(tmp_path: Path) -> None:
    import soundfile

    path = tmp_path / 'tone.flac'
    tone: Any = np.sin(np.arange(44_100) * 2.0 * np.pi * 440.0 / 44_100.0)
    soundfile.write(path, np.stack([tone, tone], 1), 44_100)
    (part,) = SOUNDS.parts(path)
    clip = decode_sound(part.content)
    expected = np.sin(np.arange(16_000) * 2.0 * np.pi * 440.0 / 16_000.0)
    assert np.abs(clip - expected)[100:-100].max() < 0.01
