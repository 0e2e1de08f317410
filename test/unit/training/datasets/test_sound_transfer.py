"""Import of sounds in folders and zip files, from strangers too, and their export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
import io
import json
from pathlib import Path
import shutil
import subprocess
import sys
import wave
import zipfile

from nn_perception.core.audio.samples import Samples
from nn_perception.core.audio.sound_files import encode_wav, read_sound
from nn_perception.training.datasets.archive import medium_of_source
from nn_perception.training.datasets.dataset import Dataset, QuotaError
from nn_perception.training.datasets.labelled_frames import MANIFEST, read_frames
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.datasets.media.pictures import IMAGES
from nn_perception.training.datasets.transfer import (
    export_zip,
    import_bag,
    import_folder,
    import_zip,
)
import numpy as np
import pytest
import soundfile


def noise(seed: int, seconds: float = 1.0, rate_hz: int = 16_000) -> Samples:
    random = np.random.default_rng(seed)
    return random.uniform(-0.5, 0.5, round(rate_hz * seconds)).astype(np.float32)


def encoded(seed: int, seconds: float = 1.0) -> bytes:
    return encode_wav(noise(seed, seconds))


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    with Dataset.open(tmp_path / 'data', 'sounds', medium=SOUNDS) as opened:
        yield opened


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_files_of_any_kind_rate_and_length(dataset: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / 'from'
    (folder / 'bell').mkdir(parents=True)
    soundfile.write(folder / 'bell' / 'low.wav', noise(0, 0.4, 8_000), 8_000)
    soundfile.write(folder / 'bell' / 'stereo.flac', noise(1, 4.4, 44_100).reshape(-1, 2), 44_100)
    soundfile.write(folder / 'bell' / 'an_mp3.wav', noise(2, 1.0, 22_050), 22_050, format='MP3')
    soundfile.write(folder / 'bell' / 'long.ogg', noise(3, 3.2, 48_000), 48_000)
    (folder / 'bell' / 'empty.wav').touch()
    (folder / 'bell' / 'text.wav').write_text('no sound')
    (folder / 'bell' / 'voice.m4a').write_bytes(b'0')
    (folder / 'bell' / 'notes.txt').write_bytes(b'0')
    (folder / 'loose.wav').write_bytes(encoded(9))
    result = import_folder(dataset, folder)
    assert (result.stored, result.present, result.complete) == (1 + 2 + 1 + 3, 0, False)
    text = '\n'.join(result.problems)
    for words in (
        'empty.wav is empty',
        'text.wav is text, not a sound',
        'voice.m4a is left out: sounds of this kind cannot be read; convert them to WAV',
        'loose.wav is left out: a sound needs a label',
        'notes.txt is left out: the names of sounds end in',
    ):
        assert words in text
    clips = dataset.frames()
    assert sorted(Counter(clip.recording for clip in clips).values()) == [2, 2, 3]
    assert all(len(read_sound(clip.path)) == 16_000 for clip in clips)


def test_an_import_can_be_repeated(dataset: Dataset, tmp_path: Path, test_data: Path) -> None:
    for label in ('go', 'stop'):
        (tmp_path / 'from' / label).mkdir(parents=True)
        for path in sorted((test_data / 'sounds' / label).glob('*.wav'))[:4]:
            shutil.copy(path, tmp_path / 'from' / label)
    soundfile.write(tmp_path / 'from' / 'go' / 'long.wav', noise(0, 3.0), 16_000)
    assert import_folder(dataset, tmp_path / 'from').stored == 11
    again = import_folder(dataset, tmp_path / 'from')
    assert (again.stored, again.present, again.complete) == (0, 11, True)
    speakers = {clip.recording for clip in dataset.frames() if clip.label == 'stop'}
    assert all(len(speaker) == 8 for speaker in speakers)
    with Dataset.open(tmp_path / 'data', 'copy', medium=SOUNDS) as copy:
        import_folder(copy, dataset.folder)
        recordings = [clip.recording for clip in copy.frames()]
    assert recordings == [clip.recording for clip in dataset.frames()]


def test_a_folder_of_one_label(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / 'claps').mkdir()
    (tmp_path / 'claps' / 'a.wav').write_bytes(encoded(0))
    assert import_folder(dataset, tmp_path / 'claps', 'clap').stored == 1
    with pytest.raises(ValueError, match='contains no subfolders with sounds, one for each label'):
        import_folder(dataset, tmp_path / 'claps')


def test_a_full_dataset_keeps_what_it_has(tmp_path: Path) -> None:
    (tmp_path / 'from' / 'room').mkdir(parents=True)
    soundfile.write(tmp_path / 'from' / 'room' / 'long.wav', noise(0, 20.0), 16_000)
    with Dataset.open(tmp_path / 'data', 'small', 100_000, SOUNDS) as small:
        with pytest.raises(QuotaError, match='the dataset small is full'):
            import_folder(small, tmp_path / 'from')
        assert len(small.frames()) == 3


def test_what_is_exported_can_be_imported(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add_sound(noise(0, 3.0), 'background', 10**18, '/audio', 'room 7')
    dataset.add_sound(noise(1), 'stop', 5)
    path = tmp_path / 'sounds.zip'
    assert export_zip(dataset.folder, path) == 4
    assert medium_of_source(path) is SOUNDS
    with Dataset.open(tmp_path / 'data', 'again', medium=SOUNDS) as again:
        assert import_zip(again, path).stored == 4
        described = [(c.label, c.stamp_ns, c.sha256, c.recording) for c in again.frames()]
    assert described == [(c.label, c.stamp_ns, c.sha256, c.recording) for c in dataset.frames()]
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert 'sounds/manifest.jsonl' in names
        with wave.open(io.BytesIO(archive.read('sounds/stop/5_3.wav'))) as clip:
            assert (clip.getframerate(), clip.getnchannels(), clip.getnframes()) == (
                16000,
                1,
                16000,
            )
        archive.extract('sounds/use_dataset.py', tmp_path)
    program = [sys.executable, tmp_path / 'sounds' / 'use_dataset.py', path]
    lines = subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [json.loads(line)['seconds'] for line in lines] == [1.0] * 4


def test_a_zip_of_a_stranger(dataset: Dataset, tmp_path: Path) -> None:
    path = write_zip(
        tmp_path / 'found.zip',
        {
            'stop/0a7c2a8d_nohash_1.wav': encoded(0),
            'stop/long.wav': encoded(1, 2.6),
            'stop/short.wav': encoded(2, 0.02),
            'stop/mute.wav': encode_wav(np.zeros(16_000, np.float32)),
            'stop/bad.flac': b'fLaC' + bytes(100),
            'stop/a.m4a': b'1',
            '../go/a.wav': encoded(3),
            'unknown/a.wav': encoded(4),
            'readme.txt': b'hello',
            f'stop/{MANIFEST}': b'{"file": "long.wav"}\n[[[\n',
        },
    )
    result = import_zip(dataset, path)
    assert (result.stored, result.complete) == (1 + 3 + 1, False)
    text = '\n'.join(result.problems)
    for words in (
        'stop/short.wav is left out: it is only 0.02 s long',
        'stop/bad.flac is left out: it is damaged, or a kind of sound that cannot be read',
        'stop/a.m4a is left out: sounds of this kind',
        'go/a.wav is left out: its path leads out of the archive',
        'unknown/a.wav is left out: ',
    ):
        assert words in text
    assert dataset.counts() == {'stop': 5}
    assert '0a7c2a8d' in {clip.recording for clip in dataset.frames()}


def test_a_zip_bomb(dataset: Dataset, tmp_path: Path) -> None:
    silence = encode_wav(np.zeros(16_000_000, np.float32))
    path = write_zip(tmp_path / 'bomb.zip', {f'a/{n}.wav': silence for n in range(3)})
    with pytest.raises(ValueError, match=r'would unpack to .* sounds do not shrink that much'):
        import_zip(dataset, path)
    assert dataset.frames() == []


def test_pictures_are_not_put_among_sounds(dataset: Dataset, tmp_path: Path) -> None:
    path = write_zip(tmp_path / 'pictures.zip', {'mug/a.png': b'1', 'mug/a.wav': encoded(0)})
    assert medium_of_source(path) is IMAGES
    with pytest.raises(ValueError, match='the dataset sounds holds sounds, no pictures'):
        import_bag(dataset, tmp_path / 'bag', 'mug')
    assert medium_of_source(tmp_path / 'nothing.zip') is None


def test_a_folder_is_trained_on_as_it_is(tmp_path: Path) -> None:
    """Without an import: the speaker is in the name, the kind of the file does not matter."""
    (tmp_path / 'go').mkdir()
    soundfile.write(tmp_path / 'go' / '0a7c2a8d_nohash_1.flac', noise(0), 16_000)
    (tmp_path / 'go' / 'b.wav').write_bytes(encoded(1))
    listing = read_frames(tmp_path)
    assert [(one.recording, one.path.name) for one in listing.frames] == [
        ('0a7c2a8d', '0a7c2a8d_nohash_1.flac'),
        ('', 'b.wav'),
    ]
    assert listing.medium is SOUNDS
