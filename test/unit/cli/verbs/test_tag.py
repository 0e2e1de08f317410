"""The command as real processes."""

import json
import os
import signal
import subprocess
import sys
import time

import cv2
from nn_perception.core.files.folders import WEIGHTS_FOLDER
from nn_perception.core.subprocess import PACKAGE_ROOT
import numpy as np
from patience import HANGS_S
import pytest

COMMAND = [sys.executable, '-m', 'nn_perception.cli']
ENVIRONMENT = dict(os.environ, PYTHONPATH=str(PACKAGE_ROOT))


def run(*words, **options):
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.fixture(scope='module')
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp('pictures') / 'Bild ü.png'
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    path.write_bytes(cv2.imencode('.png', noise)[1].tobytes())
    return path


def test_json_is_the_contract_and_nothing_else(picture):
    finished = run('tag', '--json', '--top-k', 3, picture)
    assert finished.returncode == 0
    assert finished.stderr == ''
    (line,) = finished.stdout.splitlines()
    found = json.loads(line)
    assert list(found) == ['file', 'tags']
    assert found['file'] == str(picture)
    assert len(found['tags']) == 3
    assert all(list(tag) == ['label', 'score'] for tag in found['tags'])
    scores = [tag['score'] for tag in found['tags']]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 for score in scores)


def test_bad_files_do_not_stop_the_others(picture, tmp_path):
    empty = tmp_path / 'empty.jpg'
    empty.write_bytes(b'')
    missing = tmp_path / 'missing.jpg'
    folder = tmp_path / 'folder'
    folder.mkdir()
    finished = run('tag', '--json', empty, picture, missing, folder)
    assert finished.returncode == 1
    assert finished.stderr == ''
    found = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [entry['file'] for entry in found] == [
        str(path) for path in (empty, picture, missing, folder)
    ]
    assert ['error' in entry for entry in found] == [True, False, True, True]
    assert 'is empty' in found[0]['error']
    assert len(found[1]['tags']) == 5
    assert 'No such file' in found[2]['error']
    assert f'{folder} contains no pictures' in found[3]['error']


def test_a_folder_is_all_its_pictures(picture, tmp_path):
    below = tmp_path / 'b'
    below.mkdir()
    names = ['a2.png', 'a10.PNG', 'b/c.png']
    for name in ('b/c.png', 'a10.PNG', '.hidden.png', 'notes.txt', 'a2.png'):
        (tmp_path / name).write_bytes(picture.read_bytes())
    finished = run('tag', '--json', '--top-k', 1, tmp_path)
    assert finished.returncode == 0, finished.stderr
    found = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [entry['file'] for entry in found] == [str(tmp_path / name) for name in names]
    assert all(entry['tags'] for entry in found)


def test_text_for_people(picture, tmp_path):
    finished = run('tag', '--top-k', 2, picture, tmp_path / 'missing.jpg')
    assert finished.returncode == 1
    lines = finished.stdout.splitlines()
    assert lines[0] == str(picture)
    assert len(lines) == 3
    assert finished.stderr.splitlines() == [
        f'{tmp_path / "missing.jpg"} cannot be read: No such file or directory'
    ]


def test_min_score_may_leave_nothing(picture):
    finished = run('tag', '--json', '--min-score', 1.0, picture)
    assert finished.returncode == 0
    assert json.loads(finished.stdout) == {'file': str(picture), 'tags': []}
    assert 'no tag reaches' in run('tag', '--min-score', 1.0, picture).stdout


def test_verbose_says_what_runs_where(picture):
    finished = run('tag', '-v', '--json', '--device', 'cpu', '--threads', 1, picture)
    assert finished.returncode == 0
    assert 'onnxruntime' in finished.stderr
    assert '1 thread,' in finished.stderr
    assert len(finished.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ('words', 'reason'),
    [
        (['--model', 'no such'], "unknown model 'no such'"),
        (['--model', 'missing.safetensors'], 'cannot be read: No such file'),
        (['--top-k', '0'], 'must be at least 1'),
        (['--min-score', '2'], 'must be 0 to 1'),
        (['--engine', 'caffe'], 'invalid choice'),
        (['--threads', '-1'], 'must be 0 to 256'),
    ],
)
def test_wrong_use_ends_with_2(picture, words, reason, wrong_use):
    assert reason in wrong_use('tag', *words, picture)


def test_a_broken_checkpoint_is_one_sentence(picture, tmp_path):
    torn = tmp_path / 'torn.safetensors'
    torn.write_bytes((WEIGHTS_FOLDER / 'efficientnet_lite0.safetensors').read_bytes()[:100_000])
    finished = run('tag', '--json', '--model', torn, picture)
    assert finished.returncode == 2
    assert finished.stdout == ''
    (sentence,) = finished.stderr.splitlines()
    assert 'is not a usable checkpoint: it is truncated' in sentence


def test_a_reader_that_stops_early_is_not_an_error(picture):
    many = [str(picture)] * 50
    process = subprocess.Popen(
        [*COMMAND, 'tag', '--json', *many],
        env=ENVIRONMENT | {'PYTHONUNBUFFERED': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ''
    assert process.wait(30) == 141


def test_an_interruption_ends_with_130_and_no_traceback(picture):
    process = subprocess.Popen(
        [*COMMAND, 'tag', '--json', *[str(picture)] * 3000],
        env=ENVIRONMENT | {'PYTHONUNBUFFERED': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background makes them ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=HANGS_S)
    assert process.returncode == 130
    assert errors == ''
    assert all(json.loads(line) for line in output.splitlines())
