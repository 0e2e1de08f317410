"""Messages built from people: poses, what rviz draws, and those of REP 155."""

from __future__ import annotations

from dataclasses import replace

from builtin_interfaces.msg import Time
from nn_perception.capabilities.poses.overlay import person_colour
from nn_perception.capabilities.poses.skeleton import KEYPOINT_NAMES, LIMBS
from nn_perception.core.results import Keypoint, Person
from nn_perception.ros.outputs import conversions, hri_bodies
from nn_perception.ros.outputs.hri_bodies import openpose_joints
import numpy as np
import pytest
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

HEADER = Header(stamp=Time(sec=7, nanosec=5), frame_id='optical')
PERSON = Person(
    0.75,
    (10.0, 20.0, 40.0, 100.0),
    tuple(Keypoint(10.0 + i, 20.0 + i, 0.5 + i / 100) for i in range(17)),
    'p3',
)
JOINTS = np.arange(51, dtype=float).reshape(17, 3)


def test_a_pose_without_depth() -> None:
    msg = conversions.human_poses([PERSON], None, HEADER)
    assert msg.header == HEADER
    (pose,) = msg.poses
    assert (pose.id, pose.score) == ('p3', 0.75)
    assert (pose.bbox.center.position.x, pose.bbox.center.position.y) == (30.0, 70.0)
    assert (pose.bbox.size_x, pose.bbox.size_y) == (40.0, 100.0)
    got = [(joint.x, joint.y, joint.score) for joint in pose.keypoints]
    np.testing.assert_allclose(got, [(j.x, j.y, j.score) for j in PERSON.keypoints], rtol=1e-6)
    assert list(pose.positions) == []


def test_a_pose_with_depth() -> None:
    joints = JOINTS.copy()
    joints[4] = np.nan
    (pose,) = conversions.human_poses([PERSON], [joints], HEADER).poses
    got = np.array([(point.x, point.y, point.z) for point in pose.positions])
    np.testing.assert_array_equal(got, joints)


def test_nobody() -> None:
    assert list(conversions.human_poses([], None, HEADER).poses) == []
    assert list(conversions.human_poses([], [], HEADER).poses) == []
    (marker,) = conversions.skeleton_markers([], HEADER).markers
    assert marker.action == Marker.DELETEALL


def test_markers_of_a_whole_person() -> None:
    colour = person_colour('p3')
    clear, limbs, spots, label = conversions.skeleton_markers(
        [('p3', colour, JOINTS)], HEADER
    ).markers
    assert clear.action == Marker.DELETEALL
    assert limbs.type == Marker.LINE_LIST
    assert len(limbs.points) == 2 * len(LIMBS)
    ends = [(limbs.points[i].x, limbs.points[i + 1].x) for i in range(0, 2 * len(LIMBS), 2)]
    assert ends == [(3.0 * one, 3.0 * other) for one, other in LIMBS]
    assert spots.type == Marker.SPHERE_LIST
    assert [point.x for point in spots.points] == JOINTS[:, 0].tolist()
    assert (label.type, label.text) == (Marker.TEXT_VIEW_FACING, 'p3')
    for marker in (limbs, spots, label):
        assert marker.header == HEADER
        assert marker.action == Marker.ADD
        assert marker.color.a == 1.0
        rgb = [marker.color.r, marker.color.g, marker.color.b]
        assert rgb == pytest.approx([value / 255 for value in reversed(colour)])
        assert marker.lifetime.sec == 1
        assert marker.pose.orientation.w == 1.0
    # Above the highest joint: y points down.
    assert label.pose.position.y < JOINTS[:, 1].min()


def test_markers_leave_out_what_is_not_known() -> None:
    joints = JOINTS.copy()
    joints[5:] = np.nan
    _, limbs, spots, _ = conversions.skeleton_markers([('p1', (1, 2, 3), joints)], HEADER).markers
    assert len(spots.points) == 5
    assert len(limbs.points) == 2 * sum(max(limb) < 5 for limb in LIMBS)
    joints[1:] = np.nan
    kinds = [
        m.type for m in conversions.skeleton_markers([('p1', (1, 2, 3), joints)], HEADER).markers
    ]
    assert Marker.LINE_LIST not in kinds
    joints[:] = np.nan
    assert len(conversions.skeleton_markers([('p1', (1, 2, 3), joints)], HEADER).markers) == 1


def test_markers_of_several_people_do_not_replace_one_another() -> None:
    people = [('p1', (1, 2, 3), JOINTS), ('p2', (1, 2, 3), JOINTS)]
    drawn = conversions.skeleton_markers(people, HEADER).markers[1:]
    assert len({(marker.ns, marker.id) for marker in drawn}) == len(drawn) == 6


def test_joints_in_the_order_of_rep_155() -> None:
    joints = dict(zip(hri_bodies.ORDER, openpose_joints(PERSON), strict=True))
    own = dict(zip(KEYPOINT_NAMES, PERSON.keypoints, strict=True))
    neck = joints.pop('neck')
    assert joints == own
    left, right = own['left_shoulder'], own['right_shoulder']
    assert neck == Keypoint((left.x + right.x) / 2, (left.y + right.y) / 2, left.score)
    skeleton = pytest.importorskip('hri_msgs.msg').Skeleton2D
    for place, name in enumerate(hri_bodies.ORDER):
        assert getattr(skeleton, name.upper()) == place


def test_the_neck_is_not_seen_without_both_shoulders() -> None:
    keypoints = list(PERSON.keypoints)
    keypoints[KEYPOINT_NAMES.index('left_shoulder')] = Keypoint(0.0, 0.0, 0.0)
    joints = openpose_joints(replace(PERSON, keypoints=tuple(keypoints)))
    assert joints[hri_bodies.ORDER.index('neck')].score == 0.0


def test_unsure_joints_are_not_seen() -> None:
    found = PERSON.without_unsure_joints(0.6)
    assert found.keypoints[:10] == (Keypoint(0.0, 0.0, 0.0),) * 10
    assert found.keypoints[10:] == PERSON.keypoints[10:]
    assert replace(found, keypoints=PERSON.keypoints) == PERSON
