"""The moving average of scores."""

import math

from nn_perception.capabilities.tagging.smoothing import Smoother, Smoothers
from nn_perception.capabilities.tagging.tagger import softmax
import numpy as np
import pytest


def scores_of(*values):
    return np.array(values, np.float32)


def test_the_weight_of_a_frame_depends_on_the_elapsed_time():
    smoother = Smoother(2.0)
    np.testing.assert_array_equal(smoother.update(scores_of(0, 1), 10.0), [0, 1])
    # After one time constant, the old scores have a weight of 1 / e.
    old = math.exp(-1.0)
    found = smoother.update(scores_of(1, 0), 12.0)
    np.testing.assert_allclose(found, [1 - old, old], rtol=1e-6)
    # Two half steps of the same scores equal a whole one.
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
def test_smoothing_restarts(scores, stamp_s):
    smoother = Smoother(2.0)
    smoother.update(scores_of(0, 1), 10.0)
    np.testing.assert_array_equal(smoother.update(scores_of(*scores), stamp_s), scores)


def test_smoothing_can_be_off():
    off = Smoother(0.0)
    off.update(scores_of(0, 1), 0.0)
    np.testing.assert_array_equal(off.update(scores_of(1, 0), 0.0), [1, 0])


def test_invalid_scores_are_rejected_and_change_nothing():
    smoother = Smoother(1.0)
    smoother.update(scores_of(1, 0), 0.0)
    with pytest.raises(ValueError, match='not finite'):
        smoother.update(scores_of(np.nan, 1), 0.5)
    np.testing.assert_array_equal(smoother.update(scores_of(1, 0), 1.0), [1, 0])


def test_sums_are_preserved_and_an_equal_stamp_changes_nothing():
    smoother = Smoother(1.0)
    first = smoother.update(scores_of(0.25, 0.75), 1.0)
    np.testing.assert_array_equal(smoother.update(scores_of(1, 0), 1.0), first)
    random = np.random.default_rng(0)
    for step in range(50):
        scores = softmax(random.normal(size=2))
        assert smoother.update(scores, 1.0 + 0.1 * step).sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize('value', [-1.0, math.inf, math.nan])
def test_time_constants_out_of_range_are_rejected(value):
    with pytest.raises(ValueError, match='time_constant_s'):
        Smoother(value)


def test_each_source_has_an_average_of_its_own():
    smoothers = Smoothers()
    for source, score in (('a', 1.0), ('b', 0.0)):
        smoothers.update(source, np.full(2, score, np.float32), 0.0, 1.0)
    low = np.zeros(2, np.float32)
    assert smoothers.update('a', low, 1.0, 1.0)[0] == pytest.approx(np.exp(-1.0))
    assert smoothers.update('b', low, 1.0, 1.0)[0] == 0.0
    # Another time constant, none, and what is forgotten begin anew.
    assert smoothers.update('a', low, 1.0, 2.0)[0] == 0.0
    smoothers.update('a', low + 1.0, 2.0, 2.0)
    smoothers.forget('a')
    assert smoothers.update('a', low, 3.0, 2.0)[0] == 0.0
    smoothers.update('a', low + 1.0, 4.0, 2.0)
    assert smoothers.update('a', low, 5.0, 0.0)[0] == 0.0
    smoothers.update('a', low + 1.0, 6.0, 2.0)
    smoothers.clear()
    assert smoothers.update('a', low, 7.0, 2.0)[0] == 0.0
