"""Plots of a training, with labels of any script, of any length and of any number."""

from __future__ import annotations

import cv2
from nn_perception.training import plot_labels
from nn_perception.training.epoch import Epoch
from nn_perception.training.evaluation import evaluate_predictions
from nn_perception.training.plot_labels import NOTE
from nn_perception.training.plot_labels import plot_labels as shown
from nn_perception.training.plots import draw_report
import numpy as np
import pytest


@pytest.mark.parametrize(
    'labels',
    [
        ('mug', 'cup'),
        ('кружка', 'ספל', 'كوب'),
        ('杯子', 'कॉफ़ी', 'แก้ว', '컵', '𓂀'),
        ('x' * 64, 'x' * 63 + 'y'),
        tuple(f'label {n}' for n in range(70)),
        ("a'b", '(a)', 'a, b', '#1', 'R&D', '_x'),
    ],
)
# What other tests left open may be collected as garbage here.
@pytest.mark.filterwarnings('error', 'ignore::ResourceWarning')
def test_labels_are_drawn_without_a_warning(tmp_path, labels):
    truth = np.repeat(np.arange(len(labels)), 2)
    evaluation = evaluate_predictions(truth, np.sort(truth % 5), labels)
    draw_report(tmp_path / 'report.png', evaluation, [Epoch(1, 0.5, 0.6, 0.7, 0.8, 9.0)])
    assert min(cv2.imread(str(tmp_path / 'report.png')).shape[:2]) > 400


def test_labels_that_can_be_drawn_stay_as_they_are():
    labels = shown(['mug', "Mom's mug (M4)", 'кружка', 'Tasse für Kaffee'])
    assert labels.texts == ('mug', "Mom's mug (M4)", 'кружка', 'Tasse für Kaffee')
    assert labels.note == ''
    assert labels.fonts


def test_labels_that_no_font_has_are_numbers_of_the_report(monkeypatch):
    missing = {ord(character) for character in '杯子'}
    monkeypatch.setattr(plot_labels, '_fonts_with', lambda _: (('DejaVu Sans',), missing))
    labels = shown(['mug', '杯子', '子 5'])
    assert labels.texts == ('mug', r'#2 \u676f\u5b50', r'#3 \u5b50 5')
    assert labels.note == NOTE


@pytest.mark.parametrize(
    ('label', 'expected'),
    [
        ('कप', 'kapa'),
        ('कॉफ़ी', 'kophii'),
        ('컵', 'keob'),
        ('हिन्दी', 'hindii'),
        ('फ़', 'pha'),
        ('マグ', 'magu'),
        ('杯 5', r'\u676f 5'),
        ('𓂀', r'\U00013080'),
        ('mug', 'mug'),
    ],
)
def test_letters_without_a_font_are_spelled(label, expected):
    assert plot_labels._spelled(label) == expected


def test_long_labels_are_cut_and_stay_distinct():
    labels = shown(['x' * 64, 'x' * 63 + 'y', 'y' * 30])
    assert labels.texts == ('#1 ' + 'x' * 20 + '…', '#2 ' + 'x' * 20 + '…', 'y' * 23 + '…')
    assert labels.note == ''


def test_fonts_that_have_nothing_to_add_are_not_used():
    fonts, missing = plot_labels._fonts_with({*map(ord, 'mug')})
    assert (len(fonts), missing) == (1, set())
    _, missing = plot_labels._fonts_with({0x10FFFD, ord('a')})
    assert missing == {0x10FFFD}  # for private use, which only stand-ins have
