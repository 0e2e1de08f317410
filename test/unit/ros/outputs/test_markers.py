"""Skeletons as markers for rviz."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from nn_perception.capabilities.poses.overlay import person_colour
from nn_perception.capabilities.poses.skeleton import LIMBS
from nn_perception.ros.outputs.markers import Skeleton, skeleton_markers
import numpy as np
import pytest
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

HEADER = Header(stamp=Time(sec=7, nanosec=5), frame_id='optical')
JOINTS = np.arange(51, dtype=float).reshape(17, 3)


def test_markers_of_no_one_delete_earlier_ones() -> None:
    (marker,) = skeleton_markers([], HEADER).markers
    assert marker.action == Marker.DELETEALL


def test_markers_of_a_whole_person() -> None:
    colour = person_colour('p3')
    clear, limbs, spots, label = skeleton_markers([Skeleton('p3', colour, JOINTS)], HEADER).markers
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
    _, limbs, spots, _ = skeleton_markers([Skeleton('p1', (1, 2, 3), joints)], HEADER).markers
    assert len(spots.points) == 5
    assert len(limbs.points) == 2 * sum(max(limb) < 5 for limb in LIMBS)
    joints[1:] = np.nan
    kinds = [m.type for m in skeleton_markers([Skeleton('p1', (1, 2, 3), joints)], HEADER).markers]
    assert Marker.LINE_LIST not in kinds
    joints[:] = np.nan
    assert len(skeleton_markers([Skeleton('p1', (1, 2, 3), joints)], HEADER).markers) == 1


def test_markers_of_several_people_do_not_replace_one_another() -> None:
    people = [Skeleton('p1', (1, 2, 3), JOINTS), Skeleton('p2', (1, 2, 3), JOINTS)]
    drawn = skeleton_markers(people, HEADER).markers[1:]
    assert len({(marker.ns, marker.id) for marker in drawn}) == len(drawn) == 6
