"""
What the three ways of a linear discriminant analysis have in common.

Frames are points: each feature is scaled to the same variance, the mean is 0, and the mean square
length is 1. The covariance within the classes is shrunk towards a sphere of as many axes as the
points span.

Matrices of more than ``MANY_AXES`` rows are in single precision, which takes half the time and
memory. Their smallest eigenvalue is that of the sphere, some millionths of the largest, so the
logits differ by a ten-thousandth.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Classes = NDArray[np.int64]

# Smallest standard deviation of a feature, as a share of the largest one.
MIN_DEVIATION = 1e-3
# An axis on which the squares of all points sum up to less is rounding.
MIN_VARIANCE = 1e-10
# Values of a block of points in memory at a time: 16 MB.
BLOCK_VALUES = 2_000_000
# Rows or columns of a matrix that are multiplied or solved at a time.
TILE = 512
# Of larger matrices, the axes are not counted either: all frames differ by noise, at least.
MANY_AXES = 4000


def left_out_folds(folds: Classes) -> Classes:
    """Name the folds that are left out, one after the other; frames of negative ones never are."""
    return np.unique(folds[folds >= 0])


def class_weights(classes: Classes, count: int) -> Floats:
    """Return the weight of each frame, ``(N,)``: classes are equal, and the sum is 1."""
    frames = np.bincount(classes, minlength=count)
    weights: Floats = (1.0 / np.maximum(frames, 1) / np.count_nonzero(frames))[classes]
    return weights


class Points:
    """
    Embeddings as points with mean 0 and mean square length 1, computed a block at a time.

    The embeddings of many frames are large, and a copy of them in float64 is twice as large.

    :ivar mean: mean of each feature, ``(D,)``
    :ivar scale: factor of each feature, ``(D,)``
    :ivar precision: type of the values of the points
    """

    def __init__(self, embeddings: NDArray[np.floating]) -> None:
        self._embeddings = embeddings
        self.precision = np.dtype(np.float32 if min(embeddings.shape) > MANY_AXES else np.float64)
        self.mean: Floats = embeddings.mean(axis=0, dtype=np.float64)
        self.scale: Floats = np.ones(embeddings.shape[1])
        sums, squares = np.zeros((2, embeddings.shape[1]))
        for _, block in self.blocks():
            sums += block.sum(axis=0)
            squares += np.einsum('nd,nd->d', block, block)
        squares /= len(embeddings)
        deviation = np.sqrt(np.maximum(squares - (sums / len(embeddings)) ** 2, 0.0))
        least = max(MIN_DEVIATION * float(deviation.max()), np.finfo(np.float64).tiny)
        scale = 1.0 / np.maximum(deviation, least)
        self.scale = scale / (np.sqrt(((np.sqrt(squares) * scale) ** 2).sum()) or 1.0)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of points and of features."""
        count, features = self._embeddings.shape
        return count, features

    def blocks(self, rows: NDArray[np.int64] | None = None) -> Iterator[tuple[Classes, Floats]]:
        """Yield some rows and their points, ``(n,)`` and ``(n, D)``; by default of all rows."""
        count, features = self.shape
        rows = np.arange(count) if rows is None else rows
        step = max(1, BLOCK_VALUES // features)
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            block = self._embeddings[some] - self.mean
            block *= self.scale
            yield some, block.astype(self.precision, copy=False)

    def columns(self, start: int, end: int) -> Floats:
        """Return some features of all points, ``(N, end - start)``."""
        part = slice(start, end)
        values = (self._embeddings[:, part] - self.mean[part]) * self.scale[part]
        return np.asarray(values, self.precision)


def add_products(total: Floats, block: Floats) -> None:
    """
    Add the products of all columns to the lower triangle of a matrix, in place.

    :param total: ``(D, D)``; what is above the diagonal has no meaning
    :param block: ``(n, D)``
    """
    size = len(total)
    for start in range(0, size, TILE):
        end = min(size, start + TILE)
        total[start:, start:end] += block[:, start:].T @ block[:, start:end]


def solve_positive(matrix: Floats, shift: float, right: Floats) -> Floats:
    """
    Solve a system of equations with a positive definite matrix, by its Cholesky factor.

    It takes half the time of :func:`numpy.linalg.solve`, which does not know that it is one.

    :param matrix: ``(n, n)``, of which the lower triangle is used
    :param shift: is added to the diagonal
    :param right: right sides, ``(n, C)``
    :returns: ``(n, C)``
    :raises numpy.linalg.LinAlgError: if the matrix is not positive definite
    """
    panels = _panels(matrix, shift)
    solution = right.astype(matrix.dtype)
    for start, panel in panels:
        tile, rest = slice(start, start + panel.shape[1]), slice(start + panel.shape[1], None)
        solution[tile] = np.linalg.solve(panel[: panel.shape[1]], solution[tile])
        solution[rest] -= panel[panel.shape[1] :] @ solution[tile]
    for start, panel in reversed(panels):
        tile, rest = slice(start, start + panel.shape[1]), slice(start + panel.shape[1], None)
        solution[tile] -= panel[panel.shape[1] :].T @ solution[rest]
        solution[tile] = np.linalg.solve(panel[: panel.shape[1]].T, solution[tile])
    return solution


def is_above(matrix: Floats, least: float) -> bool:
    """Tell whether all eigenvalues of a symmetric matrix, of its lower triangle, are larger."""
    try:
        _panels(matrix, -least)
    except np.linalg.LinAlgError:
        return False
    return True


def count_axes(squares: Floats) -> int:
    """
    Count the axes that points span.

    :param squares: products of all pairs of points, or of all pairs of features; the lower
        triangle is used
    """
    return int((np.linalg.eigvalsh(squares) > MIN_VARIANCE).sum())


def _panels(matrix: Floats, shift: float) -> list[tuple[int, Floats]]:
    """
    Compute the Cholesky factor of a matrix with something added to its diagonal.

    It is kept as panels of its columns below the diagonal: half a matrix, in products of tiles,
    which take less time than :func:`numpy.linalg.cholesky` of all.

    :returns: first row and column, and the columns from there, ``(n - start, TILE)``, of each
    :raises numpy.linalg.LinAlgError: if the matrix is not positive definite
    """
    panels: list[tuple[int, Floats]] = []
    for start in range(0, len(matrix), TILE):
        panel = matrix[start:, start : start + TILE].copy()
        size = panel.shape[1]
        for before, other in panels:
            below = other[start - before :]
            panel -= below @ below[:size].T
        corner = panel[:size]
        corner[np.diag_indices(size)] += matrix.dtype.type(shift)
        corner[:] = np.linalg.cholesky(corner)
        panel[size:] = np.linalg.solve(corner, panel[size:].T).T
        panels.append((start, panel))
    return panels
