"""The verb ``digits`` as real processes."""

import json
import os
import subprocess
import sys

import cv2
from nn_perception.benchmark.digit_page import digit_page, ROWS
from nn_perception.cli.main import main
from nn_perception.cli.overlays import Overlays
from nn_perception.core.subprocess import PACKAGE_ROOT
import numpy as np
from PIL import Image as Pillow
import pytest

COMMAND = [sys.executable, '-m', 'nn_perception.cli']
ENVIRONMENT = dict(os.environ, PYTHONPATH=str(PACKAGE_ROOT))


def run(*words):
    return subprocess.run(
        [*COMMAND, 'digits', *map(str, words)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


def found_in(capsys, *words):
    """Run with ``--json`` in this process and return the objects."""
    assert main(['digits', '--json', *map(str, words)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(scope='module')
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp('pages') / 'Seite ü.png'
    path.write_bytes(cv2.imencode('.png', digit_page())[1].tobytes())
    return path


@pytest.fixture(scope='module')
def blank(tmp_path_factory):
    path = tmp_path_factory.mktemp('pages') / 'blank.jpg'
    cv2.imwrite(str(path), np.full((90, 120, 3), 240, np.uint8))
    return path


def test_json_is_the_contract_and_nothing_else(page, blank):
    finished = run('--json', page, blank)
    assert finished.returncode == 0
    assert finished.stderr == ''
    found, nothing = map(json.loads, finished.stdout.splitlines())
    assert list(found) == ['file', 'digits', 'lines']
    assert found['file'] == str(page)
    assert found['lines'] == list(ROWS)
    assert ''.join(digit['digit'] for digit in found['digits']) == ''.join(ROWS)
    for digit in found['digits']:
        assert list(digit) == ['digit', 'score', 'bbox']
        assert 0.5 <= digit['score'] <= 1.0
        x, y, w, h = digit['bbox']
        assert 0 <= x < x + w <= 640
        assert 0 <= y < y + h <= 480
        assert 40 < h < 70
    assert nothing == {'file': str(blank), 'digits': [], 'lines': []}


def test_bad_files_do_not_stop_the_others(page, tmp_path):
    empty = tmp_path / 'empty.jpg'
    empty.write_bytes(b'')
    (tmp_path / 'folder').mkdir()
    finished = run('--json', empty, page, tmp_path / 'missing.jpg', tmp_path / 'folder')
    assert finished.returncode == 1
    assert finished.stderr == ''
    found = [json.loads(line) for line in finished.stdout.splitlines()]
    assert ['error' in entry for entry in found] == [True, False, True, True]
    assert list(found[0]) == ['file', 'error']
    assert 'is empty' in found[0]['error']
    assert found[1]['lines'] == list(ROWS)


def test_text_for_people(page, blank, tmp_path):
    finished = run(page, blank, tmp_path / 'missing.jpg')
    assert finished.returncode == 1
    assert finished.stdout.splitlines() == [
        str(page),
        *[f'  {row}' for row in ROWS],
        str(blank),
        '  no digits',
    ]
    assert finished.stderr.splitlines() == [
        f'{tmp_path / "missing.jpg"} cannot be read: No such file or directory'
    ]


def test_options_reach_the_reader(page, capsys):
    assert found_in(capsys, '--min-height', 200, page)[0]['digits'] == []
    certain = found_in(capsys, '--min-score', 1, '--ink', 'dark', page)[0]['digits']
    assert all(digit['score'] == 1.0 for digit in certain)
    capped = run('--max-candidates', 4, '--json', page)
    assert capped.returncode == 0
    assert len(json.loads(capped.stdout)['digits']) <= 4
    (warning,) = capped.stderr.splitlines()
    assert f'{page} has more places' in warning
    assert '--max-candidates (4)' in warning


def test_boxes_are_in_pixels_of_the_file_as_stored(tmp_path, capsys):
    exif = Pillow.Exif()
    exif[0x0112] = 6  # shown upright after a quarter turn clockwise
    turned, upright = tmp_path / 'turned.png', tmp_path / 'upright.png'
    picture = Pillow.fromarray(np.ascontiguousarray(digit_page()[..., ::-1]))
    picture.save(upright)
    picture.transpose(Pillow.Transpose.ROTATE_90).save(turned, exif=exif)
    there, here = found_in(capsys, turned, upright)
    assert there['lines'] == here['lines'] == list(ROWS)
    for stored, shown in zip(there['digits'], here['digits'], strict=True):
        x, y, w, h = shown['bbox']
        assert stored['bbox'] == [y, 640 - x - w, h, w]


def test_overlays_are_written_beside_and_never_over_the_files(page, tmp_path, capsys):
    other = tmp_path / 'other'
    other.mkdir()
    again, webp = other / page.name, other / 'page.webp'
    again.write_bytes(page.read_bytes())
    cv2.imwrite(str(webp), digit_page())
    before = again.read_bytes()
    found_in(capsys, '--overlay', other, page, again, webp)
    assert again.read_bytes() == before
    names = {path.name for path in other.iterdir()}
    assert names == {page.name, 'page.webp', 'Seite ü_2.png', 'Seite ü_3.png', 'page.jpg'}
    for path in other.iterdir():
        drawn = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        assert drawn.shape == (480, 640, 3)
    drawn = cv2.imread(str(other / 'page.jpg')).astype(int)
    assert (drawn.max(axis=2) - drawn.min(axis=2) > 100).sum() > 1000  # the page is grey


def test_an_overlay_that_jpeg_cannot_hold_is_a_png(tmp_path):
    overlays = Overlays(tmp_path, [])
    overlays.write('strip.jpg', np.zeros((70, 70_000, 3), np.uint8))
    assert cv2.imread(str(tmp_path / 'strip.png')).shape == (70, 70_000, 3)


@pytest.mark.parametrize(
    ('words', 'reason'),
    [
        (['--model', 'no such'], "unknown model 'no such'"),
        (['--model', 'efficientnet_lite0'], 'efficientnet_lite0 does not read digits'),
        (['--min-height', '7'], 'must be 8 to 1000, got 7'),
        (['--min-height', 'low'], "invalid whole number value: 'low'"),
        (['--max-candidates', '0'], 'must be 1 to 2048'),
        (['--min-score', '2'], 'must be 0 to 1'),
        (['--ink', 'blue'], 'invalid choice'),
        (['--overlay', '/proc/none'], 'No such file or directory'),
    ],
)
def test_wrong_use_ends_with_2(page, words, reason, wrong_use):
    assert reason in wrong_use('digits', *words, page)
