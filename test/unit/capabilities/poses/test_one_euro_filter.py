"""Smoothing of points: strong at rest, with a bounded lag in motion."""

from nn_perception.capabilities.poses.one_euro_filter import OneEuroFilter
import numpy as np
import pytest


def smooth(points, **settings):
    """Smooth one point along a path at 30 Hz, for a body of 100 pixels."""
    one_euro = OneEuroFilter(**settings)
    seen = np.ones(1, bool)
    return np.array([one_euro.update(point[None], seen, 1 / 30, 100.0)[0] for point in points])


def test_jitter_is_smoothed_at_rest():
    noise = np.random.default_rng(0).normal(0.0, 1.0, (300, 2))
    smoothed = smooth(noise)[30:]
    assert np.diff(smoothed, axis=0).std() < 0.5 * np.diff(noise, axis=0).std()


@pytest.mark.parametrize('step_px', [1.0, 5.0, 20.0, 100.0])
def test_the_lag_is_bounded(step_px):
    path = np.stack([np.arange(60) * step_px, np.zeros(60)], axis=1)
    lag = np.abs(path - smooth(path)).max()
    assert lag <= 3.0 + 1e-6  # 0.03 body sizes
    assert np.abs(path - smooth(path, max_offset=1e-6)).max() < 1e-3


def test_a_point_that_was_not_seen_is_returned_as_measured():
    one_euro = OneEuroFilter()
    points = np.zeros((2, 2))
    one_euro.update(points, np.array([True, False]), 0.1, 100.0)
    found = one_euro.update(points + 2.0, np.array([True, True]), 0.1, 100.0)
    assert found[0, 0] < 2.0
    assert found[1, 0] == 2.0
    found = one_euro.update(points + 9.0, np.array([False, False]), 0.1, 100.0)
    np.testing.assert_array_equal(found, points + 9.0)


@pytest.mark.parametrize('name', ['min_cutoff_hz', 'beta', 'derivative_cutoff_hz', 'max_offset'])
def test_settings_must_be_positive(name):
    with pytest.raises(ValueError, match=f'{name} must be positive'):
        OneEuroFilter(**{name: 0.0})


def test_one_step_by_hand():
    # At rest, alpha is w / (w + 1) with w = 2 pi min_cutoff_hz elapsed_s; beta hardly matters.
    one_euro = OneEuroFilter(min_cutoff_hz=1.0, beta=1e-9, max_offset=10.0)
    seen = np.ones(1, bool)
    one_euro.update(np.zeros((1, 2)), seen, 0.1, 100.0)
    found = one_euro.update(np.array([[1.0, 0.0]]), seen, 0.1, 100.0)
    turns = 2 * np.pi * 0.1
    np.testing.assert_allclose(found, [[turns / (turns + 1), 0.0]], rtol=1e-6)


def test_no_points():
    one_euro = OneEuroFilter()
    for _ in range(2):
        assert one_euro.update(np.zeros((0, 2)), np.zeros(0, bool), 0.1, 100.0).shape == (0, 2)
