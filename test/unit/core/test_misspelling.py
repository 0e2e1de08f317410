"""Slips of the keyboard."""

from __future__ import annotations

from nn_perception.core.misspelling import closest, is_misspelling
import pytest


@pytest.mark.parametrize(
    ('text', 'name'),
    [
        ('topk', 'top_k'),
        ('Top-K', 'top_k'),
        ('min_scroe', 'min_score'),
        ('min_scor', 'min_score'),
        ('models_name', 'model_name'),
        ('imge_tranport', 'image_transport'),
        ('taggr', 'tagger'),
        ('tager', 'tagger'),
    ],
)
def test_misspelt(text: str, name: str) -> None:
    assert is_misspelling(text, name)


@pytest.mark.parametrize(
    ('text', 'name'),
    [
        ('tagger', 'tagger'),
        ('tagger2', 'tagger'),
        ('camera1', 'camera2'),
        ('front_tagger', 'tagger'),
        ('tagger_front', 'tagger'),
        ('smoothing', 'smoothing_s'),
        ('mode', 'model'),
        ('gate', 'rate'),
        ('max_range', 'max_rate'),
        ('', 'tagger'),
        ('x' * 10**6, 'tagger'),
    ],
)
def test_another_name(text: str, name: str) -> None:
    assert not is_misspelling(text, name)


@pytest.mark.parametrize(
    ('text', 'name'),
    [
        ('topk', 'top_k'),
        ('mode', 'model'),
        ('min_scores', 'min_score'),
        ('threshold', ''),
        ('', ''),
        ('x' * 10**6, ''),
    ],
)
def test_closest(text: str, name: str) -> None:
    assert closest(text, {'top_k', 'model', 'min_score', 'image_transport', 'threads'}) == name
