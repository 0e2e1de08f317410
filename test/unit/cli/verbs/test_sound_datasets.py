"""The verbs ``dataset`` and ``train`` with sounds: the files decide, and sentences say clips."""

from __future__ import annotations

from pathlib import Path
import shutil

from nn_perception.cli.main import main
from nn_perception.core.audio.sound_files import encode_wav
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import read_frames
import numpy as np
import pytest

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope='module')
def folder(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('clips')
    for label in ('background', 'stop'):
        (root / label).mkdir()
        for path in sorted((test_data / 'sounds' / label).glob('*.wav'))[:5]:
            shutil.copy(path, root / label)
    return root


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv('NN_PERCEPTION_DATA', str(tmp_path / 'data'))
    return tmp_path / 'data' / 'datasets'


def test_a_dataset_of_sounds_from_import_to_deletion(
    data: Path, folder: Path, tmp_path: Path, capsys: Output
) -> None:
    exported = str(tmp_path / 'words.zip')

    def run(*words: str) -> str:
        assert main(['dataset', *words]) == 0
        return capsys.readouterr().out

    assert '10 new clips, 0 already present' in run('import', 'words', str(folder))
    assert 'words: 10 clips, 0.3 MB\n  background: 5 clips\n  stop: 5 clips\n' in run('list')
    checked = run('check', 'words')
    assert checked.startswith('words: 10 clips of 2 labels\n')
    assert "warning: 'stop' has 5 clips; 10 or more are recommended" in checked
    assert run('export', 'words', exported) == f'{exported}: 10 clips of words\n'
    assert '10 new clips' in run('import', 'again', exported)
    assert run('rename', 'again', 'halt', '--label', 'stop') == (
        '5 clips of again have the label halt now\n'
    )
    assert run('delete', 'again', '--label', 'halt') == (
        'deleted 5 clips of again with the label halt\n'
    )
    assert run('rename', 'again', 'room') == 'again is now room\n'
    assert run('delete', 'room', '--all') == 'deleted room: 5 clips\n'
    assert [path.name for path in data.iterdir()] == ['words']
    speakers = {clip.recording for clip in read_frames(data / 'words').frames}
    assert len(speakers - {''}) > 1


def test_the_kind_of_an_existing_dataset_decides(data: Path, folder: Path, capsys: Output) -> None:
    with Dataset.open(data, 'kitchen') as dataset:
        dataset.add(np.zeros((4, 4, 3), np.uint8), 'mug', 0)
    assert main(['dataset', 'import', 'kitchen', str(folder)]) == 1
    assert 'contains no subfolders with pictures, one for each label' in capsys.readouterr().out
    assert len(read_frames(data / 'kitchen').frames) == 1


def test_the_network_follows_from_the_files(
    data: Path, folder: Path, tmp_path: Path, capsys: Output
) -> None:
    store = ['--store', str(tmp_path / 'store'), '--name', 'words']
    assert main(['train', str(folder), *store, '--unfreeze', 'all']) == 2
    assert 'of a network for sounds, only the head can be trained' in capsys.readouterr().err
    assert main(['train', str(folder), *store, '--model', 'digit_cnn']) == 2
    assert 'digit_cnn is a network for pictures; choose another network' in capsys.readouterr().err
    assert not (tmp_path / 'store').exists()
    assert main(['train', str(folder), *store]) == 0
    out, err = capsys.readouterr()
    assert 'background: 1 of 1 held-out clips are right' in out
    assert 'held-out clips are right; the new version is active.' in err


def test_a_folder_of_long_sounds_is_to_be_imported_first(
    data: Path, tmp_path: Path, capsys: Output
) -> None:
    random = np.random.default_rng(0)
    for name in ('background/a', 'background/b', 'stop/a', 'stop/b'):
        path = tmp_path / 'long' / f'{name}.wav'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_wav(random.uniform(-0.5, 0.5, 32_000)))
    store = ['--store', str(tmp_path / 'store'), '--name', 'words']
    assert main(['train', str(tmp_path / 'long'), *store]) == 2
    err = capsys.readouterr().err
    assert 'there are no clips to train on' in err
    assert "is longer than a clip of one second; '" in err
    assert "dataset import' cuts it into clips" in err
