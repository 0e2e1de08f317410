"""Probabilities from logits, and the ranking of scores."""

import math

from nn_perception.capabilities.tagging.tagger import softmax, top_k_tags
import numpy as np
import pytest

LABELS = ('a', 'b', 'c')


def scores_of(*values):
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ('scores', 'k', 'min_score', 'expected'),
    [
        ((0.2, 0.5, 0.3), 2, 0.0, 'bc'),
        ((0.2, 0.5, 0.3), 3, 0.0, 'bca'),
        ((0.2, 0.5, 0.3), 99, 0.0, 'bca'),
        ((0.2, 0.5, 0.25), 3, 0.25, 'bc'),
        ((0.2, 0.5, 0.3), 3, 0.6, ''),
        ((0.4, 0.2, 0.4), 2, 0.0, 'ac'),
        ((0.0, 0.0, 1.0), 1, 1.0, 'c'),
    ],
)
def test_top_k(scores, k, min_score, expected):
    tags = top_k_tags(scores_of(*scores), LABELS, k, min_score=min_score)
    assert ''.join(tag.label for tag in tags) == expected
    assert all(isinstance(tag.score, float) for tag in tags)


@pytest.mark.parametrize(
    ('scores', 'k', 'min_score', 'reason'),
    [
        ((0.5, 0.5), 1, 0.0, 'expected 3 scores'),
        ((0.2, 0.5, 0.3), 0, 0.0, 'top_k must be at least 1'),
        ((0.2, 0.5, 0.3), 1, 1.5, 'min_score must be'),
        ((0.2, 0.5, 0.3), 1, math.nan, 'min_score must be'),
        ((math.nan, 0.5, 0.3), 1, 0.0, 'not finite'),
    ],
)
def test_top_k_rejects(scores, k, min_score, reason):
    with pytest.raises(ValueError, match=reason):
        top_k_tags(scores_of(*scores), LABELS, k, min_score=min_score)


def test_softmax():
    np.testing.assert_allclose(softmax(np.log([1.0, 3.0, 6.0])), [0.1, 0.3, 0.6], rtol=1e-6)
    np.testing.assert_allclose(softmax(scores_of(1e4, 1e4, -1e4)), [0.5, 0.5, 0.0])
    assert softmax(scores_of(0, 0)).dtype == np.float32
