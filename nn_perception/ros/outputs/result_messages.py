"""Results of the networks as ROS messages."""

from __future__ import annotations

from collections.abc import Sequence

from geometry_msgs.msg import Point
from nn_perception.core.results import Digit, Person, Tag
from nn_perception_interfaces.msg import HumanPose, HumanPoseArray, Keypoint
import numpy as np
from std_msgs.msg import Header, String
from vision_msgs.msg import (
    BoundingBox2D,
    Classification,
    Detection2D,
    Detection2DArray,
    ObjectHypothesis,
    ObjectHypothesisWithPose,
)


def classification(tags: Sequence[Tag], header: Header) -> Classification:
    """Build the result for one image, best tag first; ``class_id`` holds the label."""
    results = [ObjectHypothesis(class_id=tag.label, score=float(tag.score)) for tag in tags]
    return Classification(header=header, results=results)


def detections(digits: Sequence[Digit], header: Header) -> Detection2DArray:
    """Build the result for one image in the order given; ``class_id`` holds the digit."""
    return Detection2DArray(header=header, detections=[_detection(d, header) for d in digits])


def _detection(digit: Digit, header: Header) -> Detection2D:
    result = ObjectHypothesisWithPose(
        hypothesis=ObjectHypothesis(class_id=digit.label, score=float(digit.score))
    )
    return Detection2D(header=header, results=[result], bbox=_box(digit.bbox))


def _box(bbox: tuple[float, float, float, float]) -> BoundingBox2D:
    left, top, width, height = (float(value) for value in bbox)
    box = BoundingBox2D(size_x=width, size_y=height)
    box.center.position.x = left + width / 2
    box.center.position.y = top + height / 2
    return box


def human_poses(
    people: Sequence[Person], positions: Sequence[np.ndarray] | None, header: Header
) -> HumanPoseArray:
    """
    Build the result for one image in the order given.

    :param positions: of each person's joints in metres in the header's frame, ``(17, 3)``, NaN
        where unknown; None without depth
    """
    places = [None] * len(people) if positions is None else positions
    poses = [_human_pose(person, at) for person, at in zip(people, places, strict=True)]
    return HumanPoseArray(header=header, poses=poses)


def _human_pose(person: Person, positions: np.ndarray | None) -> HumanPose:
    return HumanPose(
        id=person.id,
        score=float(person.score),
        bbox=_box(person.bbox),
        keypoints=[Keypoint(x=j.x, y=j.y, score=j.score) for j in person.keypoints],
        positions=[] if positions is None else [_point(place) for place in positions],
    )


def _point(place: np.ndarray) -> Point:
    x, y, z = place.tolist()
    return Point(x=x, y=y, z=z)


def text(lines: Sequence[str]) -> String:
    """Build a text of several lines."""
    return String(data='\n'.join(lines))
