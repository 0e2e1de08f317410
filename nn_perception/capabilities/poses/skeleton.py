"""The 17 keypoints of COCO: names, limbs, mirror pairs, and how alike two poses are."""

from __future__ import annotations

from nn_perception.core.results import Person
import numpy as np
from numpy.typing import NDArray

# Left and right are the person's own.
KEYPOINT_NAMES = (
    'nose',
    'left_eye',
    'right_eye',
    'left_ear',
    'right_ear',
    'left_shoulder',
    'right_shoulder',
    'left_elbow',
    'right_elbow',
    'left_wrist',
    'right_wrist',
    'left_hip',
    'right_hip',
    'left_knee',
    'right_knee',
    'left_ankle',
    'right_ankle',
)
# Pairs of keypoints that a line joins in a drawing.
LIMBS = (
    (0, 1), (0, 2), (1, 3), (2, 4),
    (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
    (5, 11), (6, 12), (11, 12),
    (11, 13), (13, 15), (12, 14), (14, 16),
)  # fmt: skip
# MIRRORED[i] is what keypoint i becomes in a mirrored picture.
MIRRORED = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
# How far people who annotate a picture disagree on each keypoint, as COCO measured it: the
# constants k = 2 sigma of the object keypoint similarity (cocodataset.org, "Keypoint Evaluation").
SPREAD = 2.0 * np.array(
    [0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062]
    + [0.107, 0.107, 0.087, 0.087, 0.089, 0.089]
)


def joints_of(person: Person) -> NDArray[np.float64]:
    """Give a person's keypoints as an array ``(17, 3)``: x, y in pixels, and score."""
    return np.array([(joint.x, joint.y, joint.score) for joint in person.keypoints])


def keypoint_similarity(
    one: NDArray[np.floating],
    others: NDArray[np.floating],
    areas: NDArray[np.floating],
    weights: NDArray[np.floating],
) -> NDArray[np.float64]:
    """
    Compare a pose with others: COCO's object keypoint similarity (OKS).

    :param one: x and y of each keypoint in pixels, ``(17, 2)``
    :param others: ``(P, 17, 2)``
    :param areas: size of the person in each comparison in square pixels, ``(P,)``
    :param weights: how much each keypoint counts in each comparison, ``(P, 17)``, not negative;
        where all are 0 the similarity is 0
    :returns: ``(P,)``, 0 for strangers to 1 for the same pose
    """
    squared = ((others - one) ** 2).sum(axis=2)  # (P, 17)
    scale = 2.0 * np.maximum(areas, 1.0)[:, None] * SPREAD**2
    alike = (np.exp(-squared / scale) * weights).sum(axis=1)
    similarity: NDArray[np.float64] = alike / np.maximum(weights.sum(axis=1), 1e-9)
    return similarity
