"""The three ways of the discriminant analysis give the same layer, and growth is bounded."""

from __future__ import annotations

import time
import tracemalloc

from nn_perception.training.fine_tuning import (
    covariance_discriminant,
    discriminant,
    gram_discriminant,
    rotated_discriminant,
)
from nn_perception.training.fine_tuning.discriminant import (
    add_products,
    count_axes,
    is_above,
    solve_positive,
)
from nn_perception.training.fine_tuning.linear_head import cross_validate, fit, SHRINKAGES
import numpy as np
import pytest

WAYS = (gram_discriminant, covariance_discriminant)
# The rotation is the oldest of the ways. Relative to the largest logit, the others differ by 1e-12
# and less, 1e-15 mostly.
TOLERANCE = 1e-11


def make_frames(count, features, labels, *, same=0, constant=0, axes=0):
    """
    Make embeddings like those of photographs: features of different size, in 1 to ``axes`` ways.

    :param same: number of frames that are there twice
    :param constant: number of features that never change
    :param axes: dimensions of the space that they span; 0 for as many as possible
    """
    random = np.random.default_rng(count + features)
    classes = np.concatenate([np.arange(labels), random.integers(0, labels, count - labels)])
    values = random.normal(size=(labels, features))[classes]
    values += 2.0 * random.normal(size=(count, features)) * random.uniform(0.1, 5.0, features)
    if axes:
        values = values[:, :axes] @ random.normal(size=(axes, features))
    if same:
        values[-same:], classes[-same:] = values[:same], classes[:same]
    values[:, :constant] = 7.0
    return values.astype(np.float32), classes, random.integers(0, 5, count)


KINDS = pytest.mark.parametrize(
    ('count', 'features', 'labels', 'special'),
    [
        (300, 40, 3, {}),
        (300, 40, 3, {'constant': 5, 'same': 100}),
        (300, 40, 3, {'axes': 10}),
        (90, 200, 4, {}),
        (90, 200, 4, {'same': 20}),
        (90, 200, 40, {}),  # some labels are missing in a fold
        (200, 250, 3, {'constant': 20}),
        (100, 99, 3, {}),
        (100, 100, 3, {}),
        (12, 12, 6, {}),
    ],
)


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('shrinkage', [0.001, 0.1, 1.0])
@KINDS
def test_fit(way, shrinkage, count, features, labels, special):
    values, classes, _ = make_frames(count, features, labels, **special)
    layers = [
        one.fit(values, classes, labels, shrinkage, 3.0) for one in (rotated_discriminant, way)
    ]
    expected, found = (values @ weight.T + bias for weight, bias in layers)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * abs(expected).max())


@pytest.mark.parametrize('tile', [7, 512])
@pytest.mark.parametrize('way', WAYS)
@KINDS
def test_left_out_logits(way, count, features, labels, special, tile, monkeypatch):
    for module in (discriminant, gram_discriminant):
        monkeypatch.setattr(module, 'TILE', tile)
    monkeypatch.setattr(discriminant, 'BLOCK_VALUES', 100 * tile)
    values, classes, folds = make_frames(count, features, labels, **special)
    expected, found = (
        one.left_out_logits(values, classes, folds, labels, SHRINKAGES)
        for one in (rotated_discriminant, way)
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * abs(expected).max())


@pytest.mark.parametrize(
    ('way', 'count', 'features'),
    [(covariance_discriminant, 900, 300), (gram_discriminant, 500, 800)],
)
def test_single_precision_changes_little(way, count, features, monkeypatch):
    """It is that of thousands of frames, which take too long for a test."""
    values, classes, folds = make_frames(count, features, 5)
    arguments = values, classes, folds, 5, SHRINKAGES
    expected = way.left_out_logits(*arguments)
    weight, bias = way.fit(values, classes, 5, 0.1, 3.0)
    for module in (discriminant, gram_discriminant, covariance_discriminant):
        monkeypatch.setattr(module, 'MANY_AXES', 50)
    found = way.left_out_logits(*arguments)
    assert np.abs(found - expected).max() > 0.0  # else nothing was tried
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * abs(expected).max())
    other, shift = way.fit(values, classes, 5, 0.1, 3.0)
    logits, others = values @ weight.T + bias, values @ other.T + shift
    np.testing.assert_allclose(others, logits, rtol=0, atol=1e-4 * abs(logits).max())


@pytest.mark.parametrize('way', [rotated_discriminant, *WAYS])
def test_frames_of_a_negative_fold_are_never_left_out(way):
    values, classes, folds = make_frames(90, 120, 3)
    expected = way.left_out_logits(values, classes, folds, 3, (0.3,))
    found = way.left_out_logits(values, classes, np.where(folds == 4, 4, -1), 3, (0.3,))
    np.testing.assert_allclose(found[:, folds == 4], expected[:, folds == 4], rtol=1e-9)
    np.testing.assert_array_equal(found[:, folds != 4], 0.0)


@pytest.mark.parametrize('way', [rotated_discriminant, *WAYS])
# What other tests left open may be collected as garbage here.
@pytest.mark.filterwarnings('error', 'ignore::ResourceWarning')
def test_frames_that_are_all_the_same(way):
    values, classes = np.full((6, 5), 3.0, np.float32), np.arange(6) % 2
    weight, bias = way.fit(values, classes, 2, 0.5, 1.0)
    np.testing.assert_array_equal(weight, 0.0)
    np.testing.assert_array_equal(bias, 0.0)
    logits = way.left_out_logits(values, classes, np.arange(6) // 2, 2, (0.5, 0.1))
    np.testing.assert_array_equal(logits, 0.0)


def test_positive_systems(monkeypatch):
    monkeypatch.setattr(discriminant, 'TILE', 5)
    random = np.random.default_rng(0)
    points, right = random.normal(size=(40, 17)), random.normal(size=(17, 3))
    products = np.zeros((17, 17))
    add_products(products, points)
    matrix = points.T @ points
    np.testing.assert_allclose(np.tril(products), np.tril(matrix))
    before = products.copy()
    solved = solve_positive(products, 0.5, right)
    np.testing.assert_allclose(solved, np.linalg.solve(matrix + 0.5 * np.eye(17), right))
    np.testing.assert_array_equal(products, before)
    least = np.linalg.eigvalsh(matrix)[0]
    assert is_above(products, 0.99 * least)
    assert not is_above(products, 1.01 * least)
    assert count_axes(products) == 17
    with pytest.raises(np.linalg.LinAlgError):
        solve_positive(products, -1.01 * least, right)


def measured(count, features):
    """Cross-validate and fit; returns megabytes at most, beside the embeddings, and seconds."""
    values, classes, folds = make_frames(count, features, 4)
    tracemalloc.start()
    began_s = time.process_time()
    chosen = cross_validate(values, classes, folds, 4)[0]
    fit(values, classes, 4, chosen)
    seconds = time.process_time() - began_s
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6, seconds


def test_the_memory_does_not_grow_with_the_frames():
    # A matrix of all pairs of frames would take 3200 MB.
    megabytes, _ = measured(20_000, 128)
    assert megabytes < 80.0


@pytest.mark.long
def test_the_time_grows_with_the_frames():
    # Threads of the matrix library that wait for a core count as computing: a busy machine makes
    # the time up to three times as long.
    _, few = measured(2_000, 128)
    _, many = measured(16_000, 128)
    assert many < 32.0 * few  # with their square, it would be 64 times, with their cube 512


@pytest.mark.long
def test_more_features_than_frames_take_a_few_matrices():
    megabytes, _ = measured(1_200, 1_500)
    assert megabytes < 6 * 8e-6 * 1_200**2
