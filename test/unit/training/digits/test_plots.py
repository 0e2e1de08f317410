"""Pictures of a training can be drawn, whatever it gave."""

from __future__ import annotations

import subprocess
import sys

import cv2
from nn_perception.core.subprocess import PACKAGE_ROOT
from nn_perception.training.digits.plots import (
    draw_confusion,
    draw_curves,
    draw_filters,
    draw_mistakes,
)
from nn_perception.training.epoch import Epoch
from nn_perception.training.evaluation import Evaluation
import numpy as np
import pytest

LABELS = (*'0123456789', 'not a digit')


def colours(path):
    """Read a picture and count its colours."""
    picture = cv2.imread(str(path))
    return len(np.unique(picture.reshape(-1, 3), axis=0))


@pytest.mark.parametrize('epochs', [1, 3])
def test_curves(tmp_path, epochs):
    history = [Epoch(i + 1, 1.0 / (i + 1), 0.9, 0.5, 1.0, 60.0 * i) for i in range(epochs)]
    draw_curves(tmp_path / 'curves.png', history)
    assert colours(tmp_path / 'curves.png') > 20


@pytest.mark.parametrize('wrong', [0, 4])
def test_confusion(tmp_path, wrong):
    counts = np.diag(np.full(11, 1000)).astype(np.int64)
    counts[3, 5] = wrong
    draw_confusion(tmp_path / 'confusion.png', Evaluation(LABELS, counts))
    assert colours(tmp_path / 'confusion.png') > 20


@pytest.mark.parametrize('shape', [(24, 1, 3, 3), (400, 1, 28, 28)])
def test_filters(tmp_path, shape):
    weights = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    draw_filters(tmp_path / 'filters.png', weights)
    assert colours(tmp_path / 'filters.png') > 100


@pytest.mark.parametrize(('wrong', 'rows'), [(0, 1), (1, 1), (9, 2), (60, 5)])
def test_mistakes(tmp_path, wrong, rows):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (60, 28, 28), np.uint8)
    truth = np.arange(60, dtype=np.uint8) % 10
    predicted = np.where(np.arange(60) < wrong, 10, truth)
    logits = 5.0 * np.eye(11, dtype=np.float32)[predicted]
    draw_mistakes(tmp_path / 'mistakes.png', images, truth, logits, LABELS)
    assert cv2.imread(str(tmp_path / 'mistakes.png')).shape[0] == round(120 * (0.4 + 1.35 * rows))


def test_a_picture_is_the_same_again(tmp_path):
    history = [Epoch(1, 1.0, 0.9, 0.5, 0.9, 1.0)]
    contents = []
    for name in ('a.png', 'b.png'):
        draw_curves(tmp_path / name, history)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]


def test_matplotlib_is_loaded_only_to_draw():
    code = (
        'import sys, nn_perception.training.digits.report\nsys.exit("matplotlib" in sys.modules)'
    )
    finished = subprocess.run([sys.executable, '-c', code], cwd=PACKAGE_ROOT, check=False)
    assert finished.returncode == 0
