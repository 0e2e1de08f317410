"""Exported networks for sounds give the scores of the tagger, in bare ONNX Runtime."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys
import zipfile

from bare_session import bare_session
from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.core.audio.sound_files import read_sound
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.export.sample_programs import USE_CHECKPOINT, USE_ONNX
from nn_perception.training.export.write_export import write_export
from nn_perception.training.fine_tuning.fine_tune import fine_tune
import numpy as np
import pytest


@pytest.fixture(scope='module')
def clips(test_data: Path) -> list[Path]:
    return [sorted((test_data / 'sounds' / one).glob('*.wav'))[-1] for one in ('go', 'stop')]


@pytest.fixture(scope='module')
def checkpoint(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = read_frames(test_data / 'sounds').frames
    few = [
        frame
        for label in ('background', 'go', 'stop')
        for frame in [one for one in frames if one.label == label][:6]
    ]
    return (
        fine_tune(few, SOUNDS.base).write(tmp_path_factory.mktemp('model') / 'x.safetensors').path
    )


@pytest.fixture(scope='module')
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export as zip, and unpack it."""
    folder = tmp_path_factory.mktemp('exported')
    with zipfile.ZipFile(write_export(checkpoint, folder / 'out.zip', 'zip')) as archive:
        archive.extractall(folder)
    return folder / 'out'


@pytest.mark.parametrize('shipped', [True, False])
def test_the_scores_are_those_of_the_tagger(
    exported: Path, checkpoint: Path, clips: list[Path], tmp_path: Path, shipped: bool
) -> None:
    model, path = str(checkpoint), exported / 'model.onnx'
    if shipped:
        model, path = SOUNDS.base, write_export(SOUNDS.base, tmp_path / 'model.onnx', 'onnx')
    windows = [read_sound(clip) for clip in clips]
    tagger = SoundTagger.open(model)
    expected = tagger.scores_of(windows)
    tagger.close()
    session = bare_session(path)
    values = session.get_modelmeta().custom_metadata_map
    assert json.loads(values['labels']) == list(tagger.labels)
    assert values['sounds'] == 'float32, N x S, from -1 to 1, 16000 samples a second'
    assert 'images' not in values
    (found,) = session.run(['scores'], {'sounds': np.stack(windows)})
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_programs_in_the_zip_file_agree(exported: Path, clips: list[Path]) -> None:
    lines = []
    for program in (USE_ONNX, USE_CHECKPOINT):
        command = [sys.executable, str(exported / program), *map(str, clips)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        lines.append([json.loads(line) for line in out.splitlines()])
    assert [(one['file'], one['start_s']) for one in lines[0]] == [(str(c), 0) for c in clips]
    for one, other in zip(*lines, strict=True):
        scores = [{tag['label']: tag['score'] for tag in line['tags']} for line in (one, other)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-4)


def test_the_readme_speaks_of_sounds(exported: Path) -> None:
    text = (exported / 'README.txt').read_text()
    assert 'A classifier of sounds, fine-tuned from sound_embedding' in text
    assert 'nn_perception sound --model checkpoint.safetensors SOUND...' in text
    assert 'a sound is unlike all training clips' in text
    assert 'picture' not in text
    assert (exported / 'labels.txt').read_text().split() == ['background', 'go', 'stop', 'unknown']


def test_torchscript_is_for_pictures(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match='is a network for sounds; those are exported as onnx or zip'
    ):
        write_export(checkpoint, tmp_path / 'model.pt', 'torchscript')
    assert not list(tmp_path.iterdir())
