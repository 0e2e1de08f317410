"""Linear heads: equal weight of classes, and the choice of the shrinkage."""

from __future__ import annotations

from nn_perception.training.fine_tuning import (
    covariance_discriminant,
    gram_discriminant,
    linear_head,
    rotated_discriminant,
)
from nn_perception.training.fine_tuning.discriminant import class_weights
from nn_perception.training.fine_tuning.linear_head import (
    cross_validate,
    CrossValidationResult,
    fit,
    fit_temperature,
    LinearHead,
    SHRINKAGES,
)
import numpy as np
import pytest

CHOSEN = CrossValidationResult(shrinkage=0.1, temperature=1.0, loss=0.0, accuracy=1.0)


def clouds(count, *, spread=0.3, seed=0, axes=40):
    """Three clouds of points, ``(3 * count, axes)``, and their classes."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(3, axes))
    classes = np.repeat(np.arange(3), count)
    points = centres[classes] + spread * random.normal(size=(len(classes), axes))
    return points.astype(np.float32), classes


@pytest.mark.parametrize('count', [1, 5, 100], ids=['one a class', 'fewer than axes', 'more'])
def test_fit_separates_clouds(count):
    points, classes = clouds(count)
    head = fit(points, classes, 3, CHOSEN)
    assert head.weight.shape == (3, 40)
    others, truth = clouds(50, seed=1)
    assert (head.logits(others).argmax(1) == truth).mean() == 1.0


def test_scale_and_offset_of_a_feature_do_not_matter():
    points, classes = clouds(10)
    random = np.random.default_rng(3)
    factors, offsets = random.uniform(0.1, 30.0, 40), random.normal(size=40)
    logits = fit(points, classes, 3, CHOSEN).logits(points)
    scaled = points * factors + offsets
    np.testing.assert_allclose(
        fit(scaled.astype(np.float32), classes, 3, CHOSEN).logits(scaled), logits, atol=1e-2
    )


def test_directions_in_which_a_class_varies_have_less_weight():
    # Both classes lie along a diagonal; the line between their means would misclassify some.
    random = np.random.default_rng(0)
    classes = np.repeat(np.arange(2), 200)
    along = random.normal(size=400)
    points = np.stack([along + 0.3 * classes, along - 0.3 * classes], axis=1)
    points += 0.05 * random.normal(size=points.shape)
    little = CrossValidationResult(0.001, 1.0, 0.0, 1.0)
    assert (fit(points, classes, 2, little).logits(points).argmax(1) == classes).all()


def test_classes_have_equal_weight():
    weights = class_weights(np.array([0, 0, 0, 1]), 3)
    np.testing.assert_allclose(weights, [1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_a_class_without_frames_and_identical_frames():
    points, classes = clouds(5)
    few = fit(points[classes < 2], classes[classes < 2], 3, CHOSEN)
    assert (few.logits(points[classes < 2]).argmax(1) == classes[classes < 2]).all()
    alike = fit(np.ones((4, 6), np.float32), np.array([0, 0, 1, 1]), 2, CHOSEN)
    np.testing.assert_array_equal(alike.logits(np.ones((1, 6))), [[0.0, 0.0]])


def test_cross_validation_puts_the_best_shrinkage_first():
    points, classes = clouds(20, spread=1.5)
    results = cross_validate(points, classes, np.arange(60) % 5, 3)
    assert sorted(result.shrinkage for result in results) == sorted(SHRINKAGES)
    assert results[0].loss == min(result.loss for result in results)
    assert results[0].loss < np.log(3)
    assert results[0].accuracy > 0.8


# What other tests left open may be collected as garbage here.
@pytest.mark.filterwarnings('error', 'ignore::ResourceWarning')
def test_frames_of_a_single_burst_cannot_be_cross_validated():
    points, classes = clouds(5)
    (result,) = cross_validate(points, classes, np.zeros(15, int), 3)
    assert (result.shrinkage, result.accuracy) == (max(SHRINKAGES), None)
    assert (fit(points, classes, 3, result).logits(points).argmax(1) == classes).all()


@pytest.mark.parametrize('many', [100, 1000])
def test_of_many_frames_not_all_folds_are_left_out(many, monkeypatch):
    monkeypatch.setattr(linear_head, 'MANY_FRAMES', many)
    monkeypatch.setattr(linear_head, 'ENOUGH_LEFT_OUT', 120)
    folds = np.repeat(np.arange(5), 60)
    used = linear_head._used_folds(folds)
    # A class with a single burst is in the first fold; it would be unknown when that is left out.
    expected = folds if many > 300 else np.where(folds >= 3, folds, -1)
    np.testing.assert_array_equal(used, expected)
    points, classes = clouds(100, spread=1.5)
    best = cross_validate(points, classes, np.random.default_rng(0).permutation(folds), 3)[0]
    assert best.accuracy > 0.8
    assert best.loss < np.log(3)


def test_temperature_scaling_divides_the_logits():
    head = LinearHead(np.ones((2, 3)), np.array([1.0, 2.0]))
    points = np.ones((1, 3))
    np.testing.assert_allclose(
        head.temperature_scaled(2.0).logits(points), head.logits(points) / 2.0
    )


@pytest.mark.parametrize('factor', [0.7, 1.0, 3.0])
def test_temperature_is_found(factor):
    random = np.random.default_rng(0)
    logits = 2.0 * random.normal(size=(20_000, 3))
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (scores.cumsum(1) < random.random((len(scores), 1))).sum(1).clip(max=2)
    assert fit_temperature(logits * factor, truth) == pytest.approx(factor, rel=0.06)


@pytest.mark.parametrize(
    ('count', 'features', 'way'),
    [
        (1000, 40, rotated_discriminant),
        (1001, 40, covariance_discriminant),
        (1001, 1001, gram_discriminant),
        (1200, 1100, covariance_discriminant),
        (30, 40, rotated_discriminant),
    ],
)
def test_the_way_depends_on_the_number_of_frames(count, features, way):
    assert linear_head._way(np.zeros((count, features), np.float32)) is way
