"""The 17 keypoints of COCO: names, limbs, and the similarity of poses."""

from __future__ import annotations

from nn_perception.core.results import Person
import numpy as np
from numpy.typing import NDArray

# Left and right are those of the person.
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
# Pairs of keypoints that a drawing connects.
LIMBS = (
    (0, 1), (0, 2), (1, 3), (2, 4),
    (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
    (5, 11), (6, 12), (11, 12),
    (11, 13), (13, 15), (12, 14), (14, 16),
)  # fmt: skip
# How far annotators of images disagree on each keypoint, as COCO measured it: standard deviations
# in square roots of the person's area (cocodataset.org, "Keypoint Evaluation").
COCO_SIGMAS = np.array(
    [0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062]
    + [0.107, 0.107, 0.087, 0.087, 0.089, 0.089]
)


def keypoint_array(person: Person) -> NDArray[np.float64]:
    """Return a person's keypoints as an array, ``(17, 3)``: x, y in pixels, and score."""
    return np.array([(point.x, point.y, point.score) for point in person.keypoints])


def keypoint_similarity(
    one: NDArray[np.floating],
    others: NDArray[np.floating],
    areas: NDArray[np.floating],
    weights: NDArray[np.floating],
) -> NDArray[np.float64]:
    """
    Compare a pose with others by COCO's object keypoint similarity (OKS).

    :param one: x and y of each keypoint in pixels, ``(17, 2)``
    :param others: ``(P, 17, 2)``
    :param areas: area of the person in each comparison in square pixels, ``(P,)``
    :param weights: of each keypoint in each comparison, ``(P, 17)``, not negative
    :returns: ``(P,)``, from 0 for different poses to 1 for equal ones; 0 where all weights are 0
    """
    squared = ((others - one) ** 2).sum(axis=2)  # (P, 17)
    # COCO's constants are twice the standard deviations.
    scale = 2.0 * np.maximum(areas, 1.0)[:, None] * (2.0 * COCO_SIGMAS) ** 2
    weighted = (np.exp(-squared / scale) * weights).sum(axis=1)
    similarity: NDArray[np.float64] = weighted / np.maximum(weights.sum(axis=1), 1e-9)
    return similarity
