"""
Find frames that look alike.

Every pair is compared, so the time grows with the square of the frames; a block of cosines is in
memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import itertools

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]

# Cosines in memory at a time: 32 MB.
MAX_COSINES = 8_000_000


def similar_later(unit: Embeddings, least: float) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """
    Yield each frame with the later ones that are similar to it, if there are any.

    :param unit: embeddings of unit length, float32, ``(N, D)``
    :param least: smallest cosine of similar frames
    :returns: index of a frame, and indices of later ones in ascending order
    """
    for start, end in _blocks(len(unit), len(unit)):
        similar = unit[start:end] @ unit[start:].T >= least
        for at, row in enumerate(similar):
            later = np.flatnonzero(row[at + 1 :])
            if later.size:
                yield start + at, later + (start + at + 1)


def similar_to_groups(
    unit: Embeddings, others: Embeddings, sizes: Sequence[int], least: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """
    Compare frames with groups of others.

    :param unit: N embeddings of unit length, float32, ``(N, D)``
    :param others: M more, the groups one after the other, float32, ``(M, D)``
    :param sizes: number of frames of each of G groups, at least 1
    :param least: smallest cosine of similar frames
    :returns: whether each frame is similar to any of each group, ``(N, G)``; and whether each of
        the others is similar to any of the frames, ``(M,)``
    """
    starts = [0, *itertools.accumulate(sizes[:-1])]
    groups = np.zeros((len(unit), len(sizes)), bool)
    similar_others = np.zeros(len(others), bool)
    for start, end in _blocks(len(unit), len(others)):
        similar = unit[start:end] @ others.T >= least
        groups[start:end] = np.logical_or.reduceat(similar, starts, axis=1)
        similar_others |= similar.any(axis=0)
    return groups, similar_others


def _blocks(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """Cut rows so that a block of rows and all columns has at most so many cosines."""
    step = max(1, MAX_COSINES // max(1, columns))
    for start in range(0, rows, step):
        yield start, min(rows, start + step)
