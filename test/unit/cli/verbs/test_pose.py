"""The verb ``pose`` as real processes."""

import json
import os
import subprocess
import sys

import cv2
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.cli import main as command
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.subprocess import PACKAGE_ROOT
import numpy as np
from PIL import Image as Pillow
import pytest

SKIER = PACKAGE_ROOT / 'nn_perception/samples/skier.jpg'
NOBODY = PACKAGE_ROOT / 'nn_perception/samples/espresso.jpg'


def run(*words):
    return subprocess.run(
        [sys.executable, '-m', 'nn_perception.cli', 'pose', *map(str, words)],
        env=dict(os.environ, PYTHONPATH=str(PACKAGE_ROOT)),
        capture_output=True,
        text=True,
        check=False,
    )


def found_in(capsys, *words):
    """Run with ``--json`` in this process and return the objects."""
    assert command.main(['pose', '--json', *map(str, words)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_json_is_the_contract_and_nothing_else():
    finished = run('--json', SKIER, NOBODY)
    assert finished.returncode == 0
    assert finished.stderr == ''
    found, nothing = map(json.loads, finished.stdout.splitlines())
    assert list(found) == ['file', 'people']
    assert found['file'] == str(SKIER)
    (expected,) = PoseEstimator.open().estimate(read_image(SKIER))
    (person,) = found['people']
    assert list(person) == ['score', 'bbox', 'keypoints']
    assert person['score'] == pytest.approx(expected.score, abs=1e-3)
    assert person['bbox'] == pytest.approx(expected.bbox, abs=0.1)
    assert len(person['keypoints']) == 17
    for (x, y, score), joint in zip(person['keypoints'], expected.keypoints, strict=True):
        assert (x, y, score) == pytest.approx((joint.x, joint.y, joint.score), abs=0.1)
    assert nothing == {'file': str(NOBODY), 'people': []}


def test_text_for_people(tmp_path):
    finished = run(SKIER, NOBODY, tmp_path / 'missing.jpg')
    assert finished.returncode == 1
    first, person, second, nobody = finished.stdout.splitlines()
    assert (first, second, nobody) == (str(SKIER), str(NOBODY), '  no people')
    assert '17 joints' in person
    assert finished.stderr.splitlines() == [
        f'{tmp_path / "missing.jpg"} cannot be read: No such file or directory'
    ]


def test_options_reach_the_estimator(capsys, tmp_path):
    twice = tmp_path / 'two.png'
    cv2.imwrite(str(twice), np.hstack([read_image(SKIER)] * 2))
    assert len(found_in(capsys, twice)[0]['people']) == 2
    assert len(found_in(capsys, '--max-people', 1, twice)[0]['people']) == 1
    assert found_in(capsys, '--min-score', 1, twice)[0]['people'] == []
    fast, accurate = (found_in(capsys, '--preset', p, SKIER)[0] for p in ('fast', 'accurate'))
    assert fast['people'][0]['keypoints'] != accurate['people'][0]['keypoints']


def test_keypoints_are_in_pixels_of_the_file_as_stored(capsys, tmp_path):
    exif = Pillow.Exif()
    exif[0x0112] = 6  # shown upright after a quarter turn clockwise
    turned, upright = tmp_path / 'turned.png', tmp_path / 'upright.png'
    with Pillow.open(SKIER) as picture:
        picture.save(upright)
        picture.transpose(Pillow.Transpose.ROTATE_90).save(turned, exif=exif)
    there, here = (entry['people'][0] for entry in found_in(capsys, turned, upright))
    x, y, w, h = here['bbox']
    assert there['bbox'] == pytest.approx([y, 640 - x - w, h, w], abs=0.02)
    for stored, shown in zip(there['keypoints'], here['keypoints'], strict=True):
        assert stored == pytest.approx([shown[1], 640 - shown[0], shown[2]], abs=0.02)


def test_overlays_show_the_skeletons(capsys, tmp_path):
    found_in(capsys, '--overlay', tmp_path, SKIER, NOBODY)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['espresso.jpg', 'skier.jpg']
    drawn = cv2.imread(str(tmp_path / 'skier.jpg')).astype(int)
    changed = (abs(drawn - read_image(SKIER)).max(axis=2) > 60).mean()
    assert 0.003 < changed < 0.1


@pytest.mark.parametrize(
    ('words', 'reason'),
    [
        (['--preset', 'best'], 'invalid choice'),
        (['--min-score', '2'], 'must be 0 to 1'),
        (['--max-people', '0'], 'must be 1 to 100'),
        (['--overlay', '/proc/none'], 'No such file or directory'),
        (
            ['--preset', 'keypointrcnn_resnet50_fpn', '--engine', 'onnxruntime'],
            'needs the engine torch',
        ),
    ],
)
def test_wrong_use_ends_with_2(words, reason, wrong_use):
    assert reason in wrong_use('pose', *words, SKIER)
