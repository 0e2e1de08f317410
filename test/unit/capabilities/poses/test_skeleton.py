"""The similarity of poses, computed by hand."""

from nn_perception.capabilities.poses.skeleton import (
    COCO_SIGMAS,
    keypoint_array,
    KEYPOINT_NAMES,
    keypoint_similarity,
    LIMBS,
)
from nn_perception.core.results import Box, Keypoint, Person
import numpy as np

ONE = np.zeros((17, 2))
ONES = np.ones((1, 17))


def test_the_tables_have_seventeen_keypoints():
    assert len(KEYPOINT_NAMES) == len(COCO_SIGMAS) == 17
    assert {index for limb in LIMBS for index in limb} == set(range(17))


def test_a_pose_is_equal_to_itself():
    np.testing.assert_allclose(keypoint_similarity(ONE, ONE[None], np.array([100.0]), ONES), [1.0])


def test_similarity_by_hand():
    # OKS is exp(-d^2 / (2 area k^2)) with k = 2 sigma: here d = k sqrt(area), so exp(-1 / 2).
    area = 400.0
    moved = np.zeros((1, 17, 2))
    moved[0, :, 0] = 2.0 * COCO_SIGMAS * np.sqrt(area)
    found = keypoint_similarity(ONE, moved, np.array([area]), ONES)
    np.testing.assert_allclose(found, [np.exp(-0.5)])


def test_keypoints_count_by_their_weights():
    moved = np.zeros((1, 17, 2))
    moved[0, 0] = 1e6
    weights = ONES.copy()
    weights[0, 0] = 16.0
    found = keypoint_similarity(ONE, moved, np.array([1.0]), weights)
    np.testing.assert_allclose(found, [0.5])
    assert keypoint_similarity(ONE, moved, np.array([1.0]), 0.0 * weights) == [0.0]


def test_no_others():
    found = keypoint_similarity(ONE, np.zeros((0, 17, 2)), np.zeros(0), np.zeros((0, 17)))
    assert found.shape == (0,)


def test_keypoint_array():
    keypoints = tuple(Keypoint(float(i), 2.0 * i, 0.5) for i in range(17))
    array = keypoint_array(Person(0.9, Box(0, 0, 1, 1), keypoints))
    assert array.shape == (17, 3)
    assert array[3].tolist() == [3.0, 6.0, 0.5]
