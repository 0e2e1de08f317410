"""The verb ``train`` as a real process, and the tagger that runs its result."""

from __future__ import annotations

import json
from pathlib import Path
import shutil
import subprocess
import sys

from nn_perception.training.model_store.store import ModelStore
import pytest

LABELS = ['cardboard', 'glass', 'metal']


@pytest.fixture(scope='module')
def pictures(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('pictures')
    for label in LABELS:
        (folder / label).mkdir()
        for path in sorted((test_data / 'fewshot_trashnet' / label).glob('*.jpg'))[:20]:
            shutil.copy(path, folder / label)
    return folder


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, '-m', 'nn_perception.cli', *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_tagger_runs_the_fine_tuned_model(pictures: Path, tmp_path: Path) -> None:
    store = tmp_path / 'models'
    finished = run('train', pictures, '--store', store, '--name', 'trash', '--json')
    assert finished.returncode == 0, finished.stderr
    (line,) = finished.stdout.splitlines()
    result = json.loads(line)
    assert list(result) == ['version', 'checkpoint', 'labels', 'accuracy', 'confusion', 'seconds']
    assert result['labels'] == LABELS
    assert result['accuracy'] > 0.6
    assert sum(map(sum, result['confusion'])) == 12
    assert ModelStore(store).active_name('trash') == result['version']
    known = sorted((pictures / 'glass').iterdir())
    tagged = run('tag', '--json', '--store', store, '--model', 'store:trash', *known)
    best = [json.loads(line)['tags'][0]['label'] for line in tagged.stdout.splitlines()]
    assert best.count('glass') >= 16
    # With the same seed the result is the same, and not worse.
    again = run('train', pictures, '--store', store, '--name', 'trash')
    assert again.returncode == 0
    assert 'the new version is active' in again.stderr
    assert 'accuracy' in again.stdout
    listed = run('models', '--json', '--store', store).stdout.splitlines()
    (tuned,) = [e for e in map(json.loads, listed) if e['origin'] == 'taught']
    assert (tuned['name'], tuned['labels']) == ('store:trash', len(LABELS))
    unknown = run('tag', '--store', store, '--model', 'store:glass', known[0])
    assert unknown.returncode == 2
    assert "has no active version of 'glass'; its models are: trash" in unknown.stderr


@pytest.mark.parametrize(
    ('words', 'reason'),
    [
        (['/nowhere', '--store', 'm', '--name', 'x'], 'cannot be read'),
        (['.', '--store', 'm', '--name', '../x'], 'cannot be the name of a model'),
        (['.', '--store', 'm', '--name', 'x', '--unfreeze', 'none'], 'invalid choice'),
        (['.', '--store', 'm', '--name', 'x', '--model', 'none'], "unknown model 'none'"),
        (['.', '--name', 'x'], 'required: --store'),
    ],
)
def test_usage_errors(words: list[str], reason: str) -> None:
    finished = run('train', *words)
    assert finished.returncode == 2
    assert finished.stdout == ''
    assert reason in finished.stderr.splitlines()[-1]
    assert 'Traceback' not in finished.stderr


def test_a_single_label(pictures: Path, tmp_path: Path) -> None:
    shutil.copytree(pictures / 'glass', tmp_path / 'only' / 'glass')
    finished = run('train', tmp_path / 'only', '--store', tmp_path / 'models', '--name', 'x')
    assert finished.returncode == 2
    assert 'label' in finished.stderr.splitlines()[-1]
    assert not (tmp_path / 'models').exists()
