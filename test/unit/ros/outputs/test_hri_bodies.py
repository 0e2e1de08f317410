"""People as REP 155 has them."""

from __future__ import annotations

from dataclasses import replace

from nn_perception.capabilities.poses.skeleton import KEYPOINT_NAMES
from nn_perception.core.results import Keypoint, Person
from nn_perception.ros.outputs import hri_bodies
from nn_perception.ros.outputs.hri_bodies import openpose_joints
import pytest

PERSON = Person(
    0.75,
    (10.0, 20.0, 40.0, 100.0),
    tuple(Keypoint(10.0 + i, 20.0 + i, 0.5 + i / 100) for i in range(17)),
    'p3',
)


def test_joints_in_the_order_of_rep_155() -> None:
    joints = dict(zip(hri_bodies.ORDER, openpose_joints(PERSON), strict=True))
    own = dict(zip(KEYPOINT_NAMES, PERSON.keypoints, strict=True))
    neck = joints.pop('neck')
    assert joints == own
    left, right = own['left_shoulder'], own['right_shoulder']
    assert neck == Keypoint((left.x + right.x) / 2, (left.y + right.y) / 2, left.score)


@pytest.mark.hri_msgs
def test_joints_have_the_numbers_of_hri_msgs() -> None:
    skeleton = pytest.importorskip('hri_msgs.msg').Skeleton2D
    for place, name in enumerate(hri_bodies.ORDER):
        assert getattr(skeleton, name.upper()) == place


def test_the_neck_is_not_seen_without_both_shoulders() -> None:
    keypoints = list(PERSON.keypoints)
    keypoints[KEYPOINT_NAMES.index('left_shoulder')] = Keypoint(0.0, 0.0, 0.0)
    joints = openpose_joints(replace(PERSON, keypoints=tuple(keypoints)))
    assert joints[hri_bodies.ORDER.index('neck')].score == 0.0
