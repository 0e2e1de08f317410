"""Softmax regression: it finds the minimum, weighs classes alike, and chooses its penalty."""

from __future__ import annotations

from nn_perception.learning.linear_head import (
    choose_penalty,
    class_weights,
    fit,
    LinearHead,
    minimise,
    PENALTIES,
)
import numpy as np
import pytest


def clouds(count, *, spread=0.3, seed=0, axes=40):
    """Make three classes of points, ``(3 * count, axes)``, and their classes."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(3, axes))
    classes = np.repeat(np.arange(3), count)
    points = centres[classes] + spread * random.normal(size=(len(classes), axes))
    return points.astype(np.float32), classes


def test_minimise_finds_the_minimum_of_a_long_valley():
    scales = np.array([1.0, 30.0, 1000.0])
    goal = np.array([3.0, -2.0, 1.0])
    found = minimise(
        lambda x: (float(scales @ (x - goal) ** 2), 2.0 * scales * (x - goal)), np.zeros(3)
    )
    np.testing.assert_allclose(found, goal, atol=1e-2)


@pytest.mark.parametrize('count', [5, 100], ids=['fewer frames than axes', 'more'])
def test_fit_tells_clouds_apart_and_its_gradient_is_zero(count):
    points, classes = clouds(count)
    head = fit(points, classes, 3, 1e-3)
    assert head.weight.shape == (3, 40)
    others, truth = clouds(50, seed=1)
    assert (head.logits(others).argmax(1) == truth).mean() == 1.0
    # Softmax regression has a gradient by the biases of what was said less what is, by class.
    logits = head.logits(points)
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(scores.mean(0), np.full(3, 1 / 3), atol=1e-4)


def test_a_rare_class_weighs_as_much_as_a_frequent_one():
    weights = class_weights(np.array([0, 0, 0, 1]), 3)
    np.testing.assert_allclose(weights, [1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_the_penalty_is_chosen_by_what_was_left_out():
    points, classes = clouds(20, spread=1.5)
    results = choose_penalty(points, classes, np.arange(60) % 5, 3)
    assert sorted(result.penalty for result in results) == sorted(PENALTIES)
    assert results[0].loss == min(result.loss for result in results)
    assert results[0].accuracy > 0.8


def test_cooling_divides_the_logits():
    head = LinearHead(np.ones((2, 3)), np.array([1.0, 2.0]))
    points = np.ones((1, 3))
    np.testing.assert_allclose(head.cooled(2.0).logits(points), head.logits(points) / 2.0)
