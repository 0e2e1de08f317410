"""Skeletons as markers for rviz."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from geometry_msgs.msg import Point
from nn_perception.capabilities.poses.skeleton import LIMBS
import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

# Sizes in metres.
LIMB_M = 0.03
JOINT_M = 0.05
NAME_M = 0.15
# rviz removes a skeleton after this time if no newer one replaces it.
MARKER_LIFETIME_S = 1.0


class Skeleton(NamedTuple):
    """
    A person's joints in space.

    :ivar name: id of the person
    :ivar colour_bgr: blue, green and red, 0 to 255
    :ivar joints_m: position of each joint in metres, ``(17, 3)``, NaN where unknown
    """

    name: str
    colour_bgr: tuple[int, int, int]
    joints_m: NDArray[np.floating]


def skeleton_markers(skeletons: Sequence[Skeleton], header: Header) -> MarkerArray:
    """
    Build the markers of the people in one image; they replace all earlier ones.

    :param skeletons: one for each person; a person without a known joint is left out
    :param header: header of the image
    """
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    for number, skeleton in enumerate(skeletons):
        if np.isfinite(skeleton.joints_m).all(axis=1).any():
            markers += _markers(number, skeleton, header)
    return MarkerArray(markers=markers)


def _markers(number: int, skeleton: Skeleton, header: Header) -> list[Marker]:
    """Build limbs, joints and name of one person."""
    joints = skeleton.joints_m
    known = np.isfinite(joints).all(axis=1)
    ends = [end for limb in LIMBS if known[list(limb)].all() for end in limb]
    blue, green, red = (value / 255.0 for value in skeleton.colour_bgr)
    common: dict[str, Any] = {
        'header': header,
        'id': number,
        'color': ColorRGBA(r=red, g=green, b=blue, a=1.0),
        'lifetime': Duration(seconds=MARKER_LIFETIME_S).to_msg(),
    }
    limbs = Marker(ns='limbs', type=Marker.LINE_LIST, **common)
    limbs.scale.x = LIMB_M
    limbs.points = [_point(joints[end]) for end in ends]
    spots = Marker(ns='joints', type=Marker.SPHERE_LIST, **common)
    spots.scale.x = spots.scale.y = spots.scale.z = JOINT_M
    spots.points = [_point(joint) for joint in joints[known]]
    label = Marker(ns='ids', type=Marker.TEXT_VIEW_FACING, text=skeleton.name, **common)
    label.scale.z = NAME_M
    # In an optical frame y points down: the smallest y is the topmost joint.
    label.pose.position = _point(joints[known][joints[known][:, 1].argmin()])
    label.pose.position.y -= 1.5 * NAME_M
    # rviz reports an empty line list as an error.
    return [limbs, spots, label] if ends else [spots, label]


def _point(position: NDArray[np.floating]) -> Point:
    x, y, z = position.tolist()
    return Point(x=x, y=y, z=z)
