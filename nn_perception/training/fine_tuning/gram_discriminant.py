"""
Discriminant analysis of many frames with more features than frames, by products of the frames.

The layer is a sum of the frames, so the products of all pairs of them (their Gram matrix) are all
that it takes. The time grows with the square of the frames times the features, and with the cube
of the frames.
"""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.training.fine_tuning.discriminant import (
    add_products,
    class_weights,
    Classes,
    count_axes,
    Floats,
    is_above,
    left_out_folds,
    MANY_AXES,
    MIN_VARIANCE,
    Points,
    solve_positive,
    TILE,
)
import numpy as np
from numpy.typing import NDArray


def fit(
    embeddings: NDArray[np.floating],
    classes: Classes,
    count: int,
    shrinkage: float,
    temperature: float,
) -> tuple[Floats, Floats]:
    """
    Fit a linear layer, see :func:`nn_perception.training.fine_tuning.linear_head.fit`.

    :returns: weight, ``(C, D)``, and bias, ``(C,)``
    """
    points = Points(embeddings)
    products = _products(points)
    scale = _centre(products)
    factors, bias = _Classes(products, classes, count).fit(shrinkage)
    weight = np.zeros((count, embeddings.shape[1]))
    for rows, block in points.blocks():
        weight += factors[rows].T @ block
    weight *= np.sqrt(scale) / temperature * points.scale
    return weight, bias / temperature - weight @ points.mean


def left_out_logits(
    embeddings: NDArray[np.floating],
    classes: Classes,
    folds: Classes,
    count: int,
    shrinkages: Sequence[float],
) -> Floats:
    """
    Classify the frames of each fold by layers that are fitted to the other folds.

    :returns: logits with each of S shrinkages, ``(S, N, C)``
    """
    products = _products(Points(embeddings))
    logits = np.zeros((len(shrinkages), len(classes), count))
    for fold in left_out_folds(folds):
        known, left_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        mean = (folds != fold).astype(products.dtype) / len(known)  # of the known points
        means = products @ mean.astype(products.dtype)
        ours = products[np.ix_(known, known)]
        theirs = products[np.ix_(left_out, known)] - means[left_out, None]
        theirs += means[known].mean() - means[known]
        theirs *= _centre(ours)
        layers = _Classes(ours, classes[known], count)
        for at, shrinkage in enumerate(shrinkages):
            factors, bias = layers.fit(shrinkage)
            logits[at, left_out] = theirs @ factors + bias
    return logits


def _products(points: Points) -> Floats:
    """Compute the products of all pairs of points, ``(N, N)``."""
    count, features = points.shape
    products = np.zeros((count, count), points.precision)
    for start in range(0, features, TILE):
        columns = points.columns(start, min(features, start + TILE))
        add_products(products, columns.T)
    for start in range(0, count, TILE):
        tile = slice(start, min(count, start + TILE))
        lower = np.tril(products[tile, tile])
        products[tile, tile] = lower + np.tril(lower, -1).T
        products[tile, tile.stop :] = products[tile.stop :, tile].T
    return products


def _centre(products: Floats) -> float:
    """
    Move points to the mean 0 and the mean square length 1, given by their products, in place.

    :returns: the factor of the products
    """
    means = products.mean(axis=0, dtype=np.float64).astype(products.dtype)
    products -= means
    products -= (means - means.mean())[:, None]
    scale = 1.0 / (float(products.trace(dtype=np.float64)) / len(products) or 1.0)
    products *= scale
    return scale


class _Classes:
    """
    Classes of points, for layers that are sums of the points.

    :param products: of the points, with mean 0; becomes the products within the classes
    :param classes: class of each point, ``(n,)``
    :param count: number of classes
    """

    def __init__(self, products: Floats, classes: Classes, count: int) -> None:
        size = len(classes)
        self._classes = classes
        self._axes = _axes(products)
        frames = np.bincount(classes, minlength=count)
        # Its products average points by class.
        self._average = np.zeros((size, count), products.dtype)
        self._average[np.arange(size), classes] = 1.0 / frames[classes]
        self._with_means = products @ self._average  # (n, C)
        self._means = self._average.T @ self._with_means  # (C, C)
        self._roots = np.sqrt(class_weights(classes, count)).astype(products.dtype)
        self._within = products
        for start in range(0, size, TILE):
            tile = slice(start, start + TILE)
            products[tile] -= self._with_means[tile][:, classes]
            products[tile] -= self._with_means[:, classes[tile]].T
            products[tile] += self._means[np.ix_(classes[tile], classes)]
            products[tile] *= self._roots[tile, None] * self._roots

    def fit(self, shrinkage: float) -> tuple[Floats, Floats]:
        """
        Fit a linear layer.

        By the identity of Woodbury, the inverse of the shrunken covariance is that of the sphere
        alone, less what the points add to it.

        :returns: factors of the points, whose sums are the weights, ``(n, C)``; bias, ``(C,)``
        """
        sphere, share = shrinkage / max(1, self._axes), 1.0 - shrinkage
        factors = self._average.copy()
        if share:
            right = self._roots[:, None] * (self._with_means - self._means[self._classes])
            added = solve_positive(self._within, sphere / share, right) * self._roots[:, None]
            sums = np.zeros_like(self._means)
            np.add.at(sums, self._classes, added)
            factors -= added - self._average @ sums
        factors /= sphere
        return factors, -0.5 * (factors * self._with_means).sum(axis=0)


def _axes(products: Floats) -> int:
    """Count the axes that points with mean 0 span, given by their products."""
    size = len(products)
    if size > MANY_AXES:
        return size - 1
    # Their mean is the one axis that is missing; with it, there are usually all.
    products += 1.0 / size
    complete = is_above(products, MIN_VARIANCE)
    products -= 1.0 / size
    return size - 1 if complete else count_axes(products)
