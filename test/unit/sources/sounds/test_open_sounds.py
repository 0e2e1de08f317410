"""Sound files and folders of them as sources of sound."""

from __future__ import annotations

import logging
from pathlib import Path

from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.sources.sounds.open_sounds import open_sounds
from nn_perception.sources.sounds.sound_source import SoundChunk, SoundSource
import numpy as np
import pytest
import soundfile


def write(path: Path, count: int, rate_hz: int = 16_000, channels: int = 1) -> np.ndarray:
    random = np.random.default_rng(count)
    samples = random.integers(-32768, 32768, (count, channels)).astype(np.int16)
    soundfile.write(path, samples, rate_hz)
    return samples.ravel()


def all_chunks(source: SoundSource, duration_s: float = 0.1) -> list[SoundChunk]:
    chunks = []
    while (chunk := source.read(duration_s)) is not None:
        chunks.append(chunk)
    assert source.ended and source.problem == '' and not source.live
    return chunks


@pytest.mark.parametrize(('rate_hz', 'channels'), [(16_000, 1), (44_100, 2), (8000, 1)])
def test_a_file_as_it_was_recorded(tmp_path: Path, rate_hz: int, channels: int) -> None:
    samples = write(tmp_path / 'a.wav', 3 * rate_hz + 5, rate_hz, channels)
    source = open_sounds(tmp_path / 'a.wav')
    for _ in range(2):
        chunks = all_chunks(source, 0.25)
        assert [chunk.count for chunk in chunks] == [rate_hz // 4] * 12 + [5]
        assert {(one.rate_hz, one.channels, one.name) for one in chunks} == {
            (rate_hz, channels, 'a.wav')
        }
        np.testing.assert_array_equal(np.concatenate([one.samples for one in chunks]), samples)
        assert source.rewind()
    source.close()


def test_a_chunk_may_be_longer_than_a_block_of_the_file(tmp_path: Path) -> None:
    samples = write(tmp_path / 'a.wav', 50_000, 48_000, 6)
    (first, second) = all_chunks(open_sounds(tmp_path / 'a.wav'), 1.0)
    assert (first.count, second.count) == (48_000, 2000)
    np.testing.assert_array_equal(np.concatenate([first.samples, second.samples]), samples)


def test_a_folder_in_natural_order_without_what_is_no_sound(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / '10.wav', 100)
    write(tmp_path / '9.flac', 100, 8000, 2)
    (tmp_path / '8.mp3').write_bytes(b'no sound')
    (tmp_path / 'a.txt').touch()
    (tmp_path / '.1.wav').touch()
    (tmp_path / 'b').mkdir()
    write(tmp_path / 'b' / '1.wav', 100)
    source = open_sounds(tmp_path)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert [chunk.name for chunk in all_chunks(source)] == ['9.flac', '10.wav']
            source.rewind()
    assert [record.getMessage() for record in caplog.records] == [
        f'skipped: {tmp_path}/8.mp3 is text, not a sound (WAV, FLAC, OGG, MP3 and AIFF can be '
        'read)'
    ]


@pytest.mark.parametrize('rate_hz', [16_000, 22_050])
def test_conversion_to_one_rate(tmp_path: Path, rate_hz: int) -> None:
    write(tmp_path / 'a.wav', 48_000, 48_000, 2)
    write(tmp_path / 'b.wav', 8000, 8000)
    chunks = all_chunks(open_sounds(tmp_path, rate_hz))
    assert {(one.rate_hz, one.channels) for one in chunks} == {(rate_hz, 1)}
    assert sum(one.count for one in chunks) == 2 * rate_hz


def test_values_that_are_not_finite_are_silence(tmp_path: Path) -> None:
    path = tmp_path / 'a.wav'
    soundfile.write(path, np.array([0.5, np.nan, np.inf, 2.0]), 16_000, subtype='FLOAT')
    (chunk,) = all_chunks(open_sounds(path))
    assert chunk.samples.tolist() == [16384, 0, 0, 32767]


def test_the_sample() -> None:
    chunks = all_chunks(open_sounds(SAMPLES_FOLDER / 'sounds'))
    assert (len(chunks), chunks[0].rate_hz, chunks[0].name) == (90, 16_000, 'words.flac')


def test_says_why_it_cannot_be_played(tmp_path: Path) -> None:
    (tmp_path / 'a.txt').touch()
    write(tmp_path / 'a.wav', 100)
    for source, rate_hz, reason in (
        (tmp_path, 999, 'a sampling rate of 999 Hz is not supported'),
        (tmp_path / 'a.txt', 0, r'a\.txt is empty'),
        (tmp_path / 'none', 0, 'No such file'),
    ):
        with pytest.raises((ValueError, OSError), match=reason):
            open_sounds(source, rate_hz)
    (tmp_path / 'a.wav').unlink()
    with pytest.raises(ValueError, match=r'contains no sound files \(\.aif, '):
        open_sounds(tmp_path)
