import math

from nn_perception.capabilities.tagging.smoothing import Smoother
from nn_perception.capabilities.tagging.tagger import softmax, Tagger, top_k_tags
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.results import Tag
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
def test_top_k_refuses(scores, k, min_score, reason):
    with pytest.raises(ValueError, match=reason):
        top_k_tags(scores_of(*scores), LABELS, k, min_score=min_score)


def test_softmax():
    np.testing.assert_allclose(softmax(np.log([1.0, 3.0, 6.0])), [0.1, 0.3, 0.6], rtol=1e-6)
    np.testing.assert_allclose(softmax(scores_of(1e4, 1e4, -1e4)), [0.5, 0.5, 0.0])
    assert softmax(scores_of(0, 0)).dtype == np.float32


def test_smoothing_weighs_by_time():
    smoother = Smoother(2.0)
    np.testing.assert_array_equal(smoother.update(scores_of(0, 1), 10.0), [0, 1])
    # after one time constant the old scores count for 1/e
    old = math.exp(-1.0)
    found = smoother.update(scores_of(1, 0), 12.0)
    np.testing.assert_allclose(found, [1 - old, old], rtol=1e-6)
    # two half steps of the same scores are as good as a whole one
    halves, whole = Smoother(2.0), Smoother(2.0)
    for one in (halves, whole):
        one.update(scores_of(0, 1), 0.0)
    halves.update(scores_of(1, 0), 0.5)
    np.testing.assert_allclose(
        halves.update(scores_of(1, 0), 1.0), whole.update(scores_of(1, 0), 1.0), rtol=1e-6
    )


@pytest.mark.parametrize(
    ('scores', 'stamp_s'), [((1, 0), 5.0), ((1, 0, 0), 11.0)], ids=['back in time', 'new model']
)
def test_smoothing_starts_anew(scores, stamp_s):
    smoother = Smoother(2.0)
    smoother.update(scores_of(0, 1), 10.0)
    np.testing.assert_array_equal(smoother.update(scores_of(*scores), stamp_s), scores)


def test_smoothing_can_be_off():
    off = Smoother(0.0)
    off.update(scores_of(0, 1), 0.0)
    np.testing.assert_array_equal(off.update(scores_of(1, 0), 0.0), [1, 0])


def test_smoothing_takes_no_broken_scores_in():
    smoother = Smoother(1.0)
    smoother.update(scores_of(1, 0), 0.0)
    with pytest.raises(ValueError, match='not finite'):
        smoother.update(scores_of(np.nan, 1), 0.5)
    np.testing.assert_array_equal(smoother.update(scores_of(1, 0), 1.0), [1, 0])


def test_smoothing_keeps_probabilities_and_the_same_stamp_changes_nothing():
    smoother = Smoother(1.0)
    first = smoother.update(scores_of(0.25, 0.75), 1.0)
    np.testing.assert_array_equal(smoother.update(scores_of(1, 0), 1.0), first)
    random = np.random.default_rng(0)
    for step in range(50):
        scores = softmax(random.normal(size=2))
        assert smoother.update(scores, 1.0 + 0.1 * step).sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize('value', [-1.0, math.inf, math.nan])
def test_smoother_refuses(value):
    with pytest.raises(ValueError, match='time_constant_s'):
        Smoother(value)


def test_a_real_tagger():
    tagger = Tagger.open(options=RunOptions(device='cpu'))
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    scores = tagger.scores(image)
    assert scores.shape == (len(tagger.labels),) == (1000,)
    assert scores.dtype == np.float32
    assert scores.sum() == pytest.approx(1.0, abs=1e-5)
    best = int(scores.argmax())
    assert tagger.tag(image, top_k=1) == [Tag(tagger.labels[best], float(scores[best]))]
    tagger.close()
    with pytest.raises(RuntimeError, match='closed'):
        tagger.tag(image)
