"""The command where its output is full, closed, or of an old encoding."""

from __future__ import annotations

import json
import os
from pathlib import Path
import shlex
import subprocess
import sys
from typing import Any

import cv2
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.main import VERBS
from nn_perception.core.files.folders import SAMPLES_FOLDER
import numpy as np
import pytest

FULL = 'standard output cannot be written: No space left on device'
CLOSED = 'standard output cannot be written: it is closed'


def run(
    words: list[str | Path], streams: str = '', **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a shell that redirects its streams."""
    command = [sys.executable, '-m', 'nn_perception.cli', *map(str, words)]
    return subprocess.run(
        ['bash', '-c', f'{shlex.join(command)} {streams}'],
        capture_output=True,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope='module')
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str | Path]]:
    """Give each kind of output something to do."""
    folder = tmp_path_factory.mktemp('data')
    for label in ('a', 'b'):
        (folder / 'pictures' / label).mkdir(parents=True)
        cv2.imwrite(str(folder / 'pictures' / label / '1.png'), np.full((32, 32, 3), 90, np.uint8))
    return {
        'help': ['--help'],
        'version': ['--version'],
        'tags': ['tag', SAMPLES_FOLDER / 'espresso.jpg'],
        'tags in JSON': ['tag', '--json', *[SAMPLES_FOLDER / 'espresso.jpg'] * 2],
        'models': ['models'],
        'models in JSON': ['models', '--json'],
        'datasets': ['dataset', 'list', '--data', folder / 'datasets'],
        'import': ['dataset', 'import', '--data', folder / 'datasets', 'x', folder / 'pictures'],
        'errors in JSON': ['pose', '--json', folder / 'none.jpg'],
    }


KINDS = ['help', 'tags', 'datasets']
MORE_ENCODINGS = ['ascii', 'latin-1', 'cp1252']
OTHERS = ['version', 'tags in JSON', 'models', 'models in JSON', 'import', 'errors in JSON']


@pytest.mark.parametrize(
    'kind', [*KINDS, *(pytest.param(kind, marks=pytest.mark.long) for kind in OTHERS)]
)
def test_the_disk_is_full_or_output_is_closed(runs: dict[str, Any], kind: str) -> None:
    for streams, sentence in (('> /dev/full', FULL), ('>&-', CLOSED)):
        finished = run(runs[kind], streams)
        assert finished.returncode == ExitStatus.FAILED
        assert finished.stderr.decode() == f'nn_perception: {sentence}\n'


@pytest.mark.parametrize('kind', KINDS)
def test_nobody_can_be_told(runs: dict[str, Any], kind: str) -> None:
    assert run(runs[kind], '>&- 2>&- <&-').returncode == ExitStatus.FAILED


@pytest.mark.parametrize('kind', KINDS)
def test_nobody_reads_the_errors(runs: dict[str, Any], kind: str) -> None:
    for streams in ('2> /dev/full', '2>&-'):
        finished = run(runs[kind], streams)
        assert finished.returncode == ExitStatus.OK
        assert finished.stdout


@pytest.mark.parametrize('verb', VERBS)
def test_the_help_of_each_verb(verb: str) -> None:
    finished = run([verb, '--help'], '> /dev/full')
    assert finished.returncode == ExitStatus.FAILED
    assert finished.stderr.decode() == f'nn_perception: {FULL}\n'


def test_wrong_use_that_nobody_reads() -> None:
    for streams in ('2> /dev/full', '2>&-'):
        assert run(['paint'], streams).returncode == ExitStatus.USAGE
        assert run(['models', 'prune', 'x', '--keep', '1'], streams).returncode == ExitStatus.USAGE


def test_the_reader_has_ended(runs: dict[str, Any]) -> None:
    finished = run(runs['tags'], '| sleep 0; exit ${PIPESTATUS[0]}')
    assert finished.returncode in (ExitStatus.OK, ExitStatus.BROKEN_PIPE)
    assert finished.stderr == b''


@pytest.mark.parametrize(
    'encoding',
    ['ascii:strict', 'utf-8', *(pytest.param(e, marks=pytest.mark.long) for e in MORE_ENCODINGS)],
)
def test_names_that_the_terminal_cannot_show(tmp_path: Path, encoding: str) -> None:
    names = [b'\xff\xe9.jpg', '日本².jpg'.encode(), 'na\u00efve.jpg'.encode(), b'broken\xfe.jpg']
    for name in names:
        picture = (SAMPLES_FOLDER / 'espresso.jpg').read_bytes()
        path = os.fsencode(tmp_path) + b'/' + name
        with open(path, 'wb') as file:
            file.write(b'' if name.startswith(b'broken') else picture)
    finished = run(['tag', '--top-k', '1', tmp_path], PYTHONIOENCODING=encoding)
    assert finished.returncode == ExitStatus.FAILED
    text, errors = (
        finished.stdout.decode(encoding.split(':')[0]),
        finished.stderr.decode('latin-1'),
    )
    assert text.count('espresso') == 3
    assert r'\udcff\udce9.jpg' in text
    assert ('日本².jpg' in text) == (encoding == 'utf-8')
    assert r'broken\udcfe.jpg' in errors
    assert 'Traceback' not in errors
    lines = run(['tag', '--json', tmp_path], PYTHONIOENCODING=encoding).stdout.splitlines()
    found = {os.fsencode(Path(json.loads(line)['file']).name) for line in lines}
    assert found == set(names)


@pytest.mark.parametrize('variables', [{'LC_ALL': 'C'}, {'LC_ALL': 'POSIX', 'PYTHONUTF8': '0'}])
def test_the_plain_locale(tmp_path: Path, variables: dict[str, str]) -> None:
    path = tmp_path / 'é.jpg'
    path.write_bytes((SAMPLES_FOLDER / 'espresso.jpg').read_bytes())
    finished = run(['tag', '--top-k', '1', path], **variables)
    assert finished.returncode == ExitStatus.OK, finished.stderr
    assert finished.stderr == b''
