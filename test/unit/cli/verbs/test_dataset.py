"""The verb ``dataset``: each action, and what it never does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
import zipfile

import cv2
from nn_perception.cli.main import main
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import read_frames
import numpy as np
import pytest


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (40, 40, 3)).astype(np.uint8)


def write_pictures(folder: Path, labels: str, count: int = 3) -> Path:
    for number, label in enumerate(labels.split()):
        (folder / label).mkdir(parents=True)
        for seed in range(count):
            cv2.imwrite(str(folder / label / f'{seed}.png'), picture(10 * number + seed))
    return folder


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a dataset ``kitchen``: a mug, two cups."""
    monkeypatch.setenv('NN_PERCEPTION_DATA', str(tmp_path / 'data'))
    root = tmp_path / 'data' / 'datasets'
    with Dataset.open(root, 'kitchen') as dataset:
        for seed, label in enumerate(('mug', 'cup', 'cup')):
            dataset.add(picture(seed), label, seed, '/camera')
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the verb with ``--json``; returns the status, the objects, and standard error."""

    def run_verb(*words: object) -> tuple[int, list[dict[str, Any]], str]:
        status = main(['dataset', *map(str, words), '--json'])
        out, err = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err

    return run_verb


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file() and path.name not in ('.lock', '.writer')
    }


def test_list(data: Path, run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    Dataset.open(data, 'office').close()
    status, (kitchen, office), _ = run('list')
    assert status == 0
    size = sum(path.stat().st_size for path in data.rglob('*.png'))
    assert kitchen == {
        'dataset': 'kitchen',
        'folder': str(data / 'kitchen'),
        'labels': {'cup': 2, 'mug': 1},
        'bytes': size,
        'problems': [],
    }
    assert (office['dataset'], office['labels']) == ('office', {})
    assert [entry['dataset'] for entry in run('list', 'office')[1]] == ['office']
    assert main(['dataset', 'list', '--data', str(data)]) == 0
    text = capsys.readouterr().out
    assert text.startswith('kitchen: 3 frames, ')
    assert f'Folder of the datasets: {data}\n' in text


def test_check_says_what_training_would_say(data: Path, run: Any, tmp_path: Path) -> None:
    status, (result,), _ = run('check', 'kitchen', '--model', 'digit_cnn')
    assert status == 1
    assert result['labels'] == {'cup': 2, 'mug': 1}
    assert result['errors'][0].startswith("too few usable frames of 'mug' (1)")
    folder = write_pictures(tmp_path / 'pictures', 'cup mug', 4)
    (folder / 'cup' / '9.png').write_bytes(b'not a picture')
    before = contents(folder)
    status, (result,), _ = run('check', folder, '--model', 'digit_cnn')
    assert (status, result['errors']) == (0, [])
    assert any('cup/9.png' in sentence for sentence in result['warnings'])
    assert any("'mug' has 4 frames" in sentence for sentence in result['warnings'])
    assert contents(folder) == before


def test_import_folders(data: Path, run: Any, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / 'pictures', 'mug jug')
    (folder / 'jug' / 'x.png').write_bytes(b'not a picture')
    status, results, _ = run('import', 'kitchen', folder, tmp_path / 'none', folder / 'mug')
    assert status == 1
    problem = f'{folder}/jug/x.png is not an image of a known format'
    assert results[0] == {
        'dataset': 'kitchen',
        'source': str(folder),
        'stored': 5,
        'present': 1,  # the mug of the fixture
        'problems': [problem],
    }
    assert 'none' in results[1]['error']
    assert 'no subfolders with pictures' in results[2]['error']
    status, (result,), _ = run('import', 'kitchen', folder / 'mug', '--label', 'Becher')
    assert (status, result['stored'], result['problems']) == (0, 3, [])
    assert run('import', 'new', tmp_path / 'none')[0] == 1
    assert not (data / 'new').exists()
    status, (result,), _ = run('import', 'new', data / 'kitchen')
    assert (status, result['stored']) == (0, 11)
    assert {frame.topic for frame in read_frames(data / 'new').frames} == {'/camera', ''}


def test_import_a_bag(data: Path, run: Any, recording: Any, tmp_path: Path) -> None:
    messages = [('/image', seed, recording.raw(seed, picture(seed))) for seed in (50, 51)]
    bag = recording.write(tmp_path / 'bag', messages)
    status, (result,), _ = run('import', 'kitchen', bag)
    assert status == 1
    assert 'is a bag; choose a label for its images with --label' in result['error']
    status, (result,), _ = run('import', 'kitchen', bag, '--label', 'jug')
    assert (status, result['stored']) == (0, 2)
    assert read_frames(data / 'kitchen').frames[-1].label == 'jug'
    assert run('import', 'kitchen', bag, '--label', 'jug')[1][0]['present'] == 2


def test_export(data: Path, run: Any, tmp_path: Path) -> None:
    file = tmp_path / 'kitchen.zip'
    assert run('export', 'kitchen', file)[:2] == (
        0, [{'dataset': 'kitchen', 'file': str(file), 'frames': 3}]
    )  # fmt: skip
    with zipfile.ZipFile(file) as archive:
        assert 'kitchen/manifest.jsonl' in archive.namelist()
    before = file.read_bytes()
    status, results, err = run('export', 'kitchen', file)
    assert (status, results) == (2, [])
    assert 'already exists; replace it with --overwrite' in err
    assert file.read_bytes() == before
    assert run('export', 'kitchen', file, '--overwrite')[0] == 0


def test_rename_a_dataset(data: Path, run: Any) -> None:
    status, (result,), _ = run('rename', 'kitchen', 'Küche')
    assert (status, result) == (0, {'dataset': 'Küche', 'old_name': 'kitchen'})
    assert len(read_frames(data / 'Küche').frames) == 3
    assert not (data / 'kitchen').exists()


def test_rename_a_label(data: Path, run: Any) -> None:
    status, (result,), _ = run('rename', 'kitchen', 'Tasse', '--label', 'cup')
    assert status == 0
    assert result == {
        'dataset': 'kitchen', 'label': 'Tasse', 'old_label': 'cup', 'frames': 2
    }  # fmt: skip
    assert run('list', 'kitchen')[1][0]['labels'] == {'Tasse': 2, 'mug': 1}


def test_delete_a_label(data: Path, run: Any) -> None:
    status, (result,), _ = run('delete', 'kitchen', '--label', 'cup')
    assert (status, result) == (0, {'dataset': 'kitchen', 'label': 'cup', 'deleted': 2})
    assert run('list', 'kitchen')[1][0]['labels'] == {'mug': 1}


def test_delete_a_dataset(data: Path, run: Any) -> None:
    (data / 'kitchen' / 'notes.txt').write_text('mine')
    status, (result,), _ = run('delete', 'kitchen', '--all')
    assert status == 0
    assert result['deleted'] == 3
    assert result['left'] == [str(data / 'kitchen' / 'notes.txt')]
    assert contents(data) == {'kitchen/notes.txt': b'mine'}


@pytest.mark.parametrize(
    ('words', 'reason'),
    [
        (['check', 'Kitchen'], "has no dataset 'Kitchen'; its datasets are: kitchen"),
        (['check', './none'], 'there is no folder'),
        (['check', 'kitchen', '--model', 'none'], "unknown model 'none'"),
        (['list', 'kit'], "has no dataset 'kit'"),
        (['import', '../x', '.'], 'cannot be the name of a dataset'),
        (['export', 'kitchen', '/none/x.zip'], 'cannot be exported'),
        (['rename', 'kitchen', 'a/b'], 'cannot be the name of a dataset'),
        (['rename', 'none', 'other'], "has no dataset 'none'"),
        (['rename', 'kitchen', 'cup', '--label', 'mug'], 'the label cup already exists'),
        (['rename', 'kitchen', 'jug', '--label', 'pot'], 'no frames have the label pot'),
        (['rename', 'none', 'jug', '--label', 'pot'], "has no dataset 'none'"),
        (['delete', 'kitchen/', '--all'], 'cannot be the name of a dataset'),
        (['delete', '*', '--all'], 'cannot be the name of a dataset'),
        (['delete', 'kitchen', '--label', 'Cup'], 'existing labels: cup, mug'),
        (['delete', 'kitchen', '--label', ''], 'cannot be the name of a label'),
        (['delete', 'none', '--label', 'cup'], "has no dataset 'none'"),
    ],
)
def test_errors_change_nothing(data: Path, run: Any, words: list[str], reason: str) -> None:
    before = contents(data)
    status, results, err = run(*words)
    assert (status, results) == (2, [])
    assert reason in err
    assert err.startswith(f'nn_perception dataset {words[0]}: ')
    assert len(err.splitlines()) == 1
    assert contents(data) == before
    assert sorted(path.name for path in data.iterdir()) == ['kitchen']


@pytest.mark.parametrize(
    'words',
    [
        [],
        ['drop', 'kitchen'],
        ['delete', 'kitchen'],
        ['delete', 'kitchen', '--all', '--label', 'mug'],
        ['import', 'kitchen'],
        ['import', 'kitchen', '.', '--max-rate', '-1'],
        ['import', 'kitchen', '.', '--max-rate', 'nan'],
    ],
)
def test_usage_errors(data: Path, words: list[str]) -> None:
    before = contents(data)
    with pytest.raises(SystemExit) as caught:
        main(['dataset', *words])
    assert caught.value.code == 2
    assert contents(data) == before


def test_an_open_dataset_can_be_read_but_not_changed(data: Path, run: Any, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / 'pictures', 'jug mug')
    with Dataset.open(data, 'kitchen'):
        for words in (
            ['import', 'kitchen', folder],
            ['rename', 'kitchen', 'other'],
            ['rename', 'kitchen', 'jug', '--label', 'mug'],
            ['delete', 'kitchen', '--label', 'mug'],
            ['delete', 'kitchen', '--all'],
        ):
            status, _, err = run(*words)
            assert status == 2
            assert 'is already open for writing in process' in err
        assert run('list')[1][0]['labels'] == {'cup': 2, 'mug': 1}
        assert run('export', 'kitchen', tmp_path / 'out.zip')[0] == 0


def test_a_project_of_teachable_machine_is_imported(data: Path, run: Any, tmp_path: Path) -> None:
    project = tmp_path / 'project.TM'
    with zipfile.ZipFile(project, 'w') as archive:
        for seed, label in enumerate(('plate', 'fork', 'fork')):
            content = cv2.imencode('.jpg', picture(seed))[1].tobytes()
            archive.writestr(f'{label}-!-{seed}.jpg', content)
        archive.writestr('manifest.json', '{"type":"image"}')
    status, (result,), _ = run('import', 'table', project)
    assert (status, result['stored'], result['problems']) == (0, 3, [])
    (listed,) = run('list', 'table')[1]
    assert listed['labels'] == {'fork': 2, 'plate': 1}
