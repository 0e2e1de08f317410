"""Clips of folders, and the folders of synthesised clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope='module')
def tool(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool('sound_clips')


def write(path: Path, length: int = 16_000, rate: int = 16_000) -> None:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.full(length, 0.5, np.float32), rate)


def test_clips_of_a_speaker_belong_together(tool: ModuleType, tmp_path: Path) -> None:
    write(tmp_path / 'yes' / 'ab_nohash_0.wav')
    write(tmp_path / 'no' / 'ab_nohash_1.wav', length=8_000)
    write(tmp_path / 'no' / 'knock.wav', length=20_000)
    clips = tool.read_clips(tmp_path)
    assert clips.labels == ('no', 'yes')
    assert clips.classes.tolist() == [0, 0, 1]
    assert clips.recordings.tolist() == ['ab', 'no/knock.wav', 'ab']
    assert clips.samples.shape == (3, 16_000)
    assert not clips.samples[0, 8_000:].any()
    assert clips.rows_of(np.array(['ab'])).tolist() == [0, 2]
    drawn = clips.drawn(np.arange(3), 1, np.random.default_rng(0))
    assert clips.classes[drawn].tolist() == [0, 1]


def test_what_is_no_folder_of_clips_is_refused(tool: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match='no folders of WAV files'):
        tool.read_clips(tmp_path)
    write(tmp_path / 'yes' / 'one.wav', rate=8_000)
    with pytest.raises(SystemExit, match='16000 Hz'):
        tool.read_clips(tmp_path)
