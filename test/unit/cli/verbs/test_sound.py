"""The verb ``sound``: what recordings hold, by time."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path
import struct
import subprocess
import sys
import tracemalloc

from nn_perception.capabilities.sounds import sound_tagger, voice_detector
from nn_perception.cli.main import main
from nn_perception.cli.verbs import sound as verb
from nn_perception.core.audio.sound_files import encode_wav
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.subprocess import PACKAGE_ROOT
import numpy as np
import pytest
import soundfile

WORDS = SAMPLES_FOLDER / 'sounds' / 'words.flac'


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-m', 'nn_perception.cli', 'sound', *map(str, words)],
        env=dict(os.environ, PYTHONPATH=str(PACKAGE_ROOT)),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_sample_and_bad_files(tmp_path: Path) -> None:
    empty, cut, folder = tmp_path / 'empty.wav', tmp_path / 'cut.wav', tmp_path / 'folder'
    empty.touch()
    cut.write_bytes(encode_wav(np.zeros(16000, np.int16))[:-8000])
    folder.mkdir()
    finished = run('--json', '--min-score', 0.7, WORDS, empty, cut, folder, tmp_path / 'none')
    assert finished.returncode == 1
    found = [json.loads(line) for line in finished.stdout.splitlines()]
    files = [str(path) for path in (WORDS, empty, cut, folder, tmp_path / 'none')]
    assert [entry['file'] for entry in found] == files
    assert ['error' in entry for entry in found] == [False, True, False, True, True]
    assert [list(tag) for tag in found[0]['tags'][:1]] == [['start_s', 'end_s', 'label', 'score']]
    heard = [
        (tag['label'], (tag['start_s'] + tag['end_s']) / 2.0)
        for tag in found[0]['tags']
        if tag['label'] not in {'silence', 'background', 'speech'}
    ]
    assert [label for label, _ in heard] == ['stop', 'go', 'left', 'yes']
    # What samples/README.md says about when they are spoken.
    assert [time_s for _, time_s in heard] == pytest.approx([1.5, 3.5, 5.5, 7.5], abs=0.4)
    assert found[1]['error'] == f'{empty} is empty'
    assert found[2]['tags'] == [{'start_s': 0.0, 'end_s': 0.75, 'label': 'silence', 'score': 1.0}]
    assert finished.stderr == f'nn_perception sound: {cut}: it is cut, 75 % of it are there\n'
    assert found[3]['error'].startswith(f'{folder} contains no sound files (.aif, ')
    assert 'No such file' in found[4]['error']


def test_models_that_do_not_hear(wrong_use: Callable[..., str]) -> None:
    assert 'efficientnet_lite0' in wrong_use('sound', '--model', 'efficientnet_lite0', WORDS)
    assert 'nothing' in wrong_use('sound', '--model', 'nothing', WORDS)
    assert 'must be 0 to 1' in wrong_use('sound', '--min-score', '2', WORDS)


class FakeTagger:
    """Hears nothing but noise, at once."""

    labels = ('background', 'stop')

    def scores_of(self, windows: list[np.ndarray]) -> np.ndarray:
        return np.tile(np.float32([0.9, 0.1]), (len(windows), 1))


class FakeVoice:
    """Hears no voice."""

    def speech_of(self, windows: list[np.ndarray]) -> np.ndarray:
        return np.zeros(len(windows), np.float32)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_tagger.SoundTagger, 'open', classmethod(lambda *_: FakeTagger()))
    monkeypatch.setattr(voice_detector.VoiceDetector, 'open', classmethod(lambda *_: FakeVoice()))


@pytest.mark.usefixtures('no_network')
def test_text_and_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / 'b').mkdir()
    noise = 0.1 * np.random.default_rng(0).standard_normal(8000)
    soundfile.write(tmp_path / '10.flac', noise, 8000)
    soundfile.write(tmp_path / 'b' / '2.OGG', noise, 8000, format='OGG')
    (tmp_path / 'notes.txt').touch()
    assert main(['sound', str(tmp_path)]) == 0
    lines = '      0.00 to     1.00 s  0.900  background\n'
    assert capsys.readouterr().out == (f'{tmp_path}/10.flac\n{lines}{tmp_path}/b/2.OGG\n{lines}')
    assert main(['sound', '--min-score', '0.95', str(tmp_path / '10.flac')]) == 0
    assert capsys.readouterr().out.endswith('no tag reaches the minimum score\n')


@pytest.mark.usefixtures('no_network')
def test_two_hours_are_streamed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / 'long.wav'
    size = 2 * 3600 * 2 * 16_000
    header = bytearray(encode_wav(np.empty(0, np.int16)))
    header[40:44] = struct.pack('<I', size)
    path.write_bytes(header)
    # A hole in the file: only the header takes space.
    os.truncate(path, len(header) + size)
    main(['sound', str(tmp_path / 'none')])  # imports
    capsys.readouterr()
    tracemalloc.start()
    assert main(['sound', '--json', str(path)]) == 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (tag,) = json.loads(capsys.readouterr().out)['tags']
    assert (tag['start_s'], tag['end_s'], tag['label']) == (0.0, 7200.0, 'silence')
    assert peak < 40_000_000


@pytest.mark.usefixtures('no_network')
def test_a_bar_shows_how_much_of_a_long_sound_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[str, int, int]] = []
    monkeypatch.setattr(verb.ProgressBar, 'show', lambda _self, *given: shown.append(given))
    soundfile.write(tmp_path / 'long.wav', np.zeros(90_000, np.int16), 1000)
    soundfile.write(tmp_path / 'short.wav', np.zeros(1000, np.int16), 1000)
    assert main(['sound', str(tmp_path)]) == 0
    assert shown[0] == ('1 of 90 s', 1, 90)
    assert shown[-1] == ('90 of 90 s', 90, 90)
