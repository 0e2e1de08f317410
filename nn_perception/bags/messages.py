"""From results to the messages of a bag: those that the nodes publish, without ROS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nn_perception.bags.message_definitions import result_types
from nn_perception.bags.topics import CLASSIFICATION, DETECTIONS, HUMAN_POSES, STRING
from nn_perception.core.results import Box, Digit, Person, Tag
import numpy as np


def header(stamp: tuple[int, int], frame_id: str) -> Any:
    """Build a header from seconds, nanoseconds and the frame."""
    time = _new('builtin_interfaces/msg/Time', sec=stamp[0], nanosec=stamp[1])
    return _new('std_msgs/msg/Header', stamp=time, frame_id=frame_id)


def classification(tags: Sequence[Tag], header: Any) -> Any:
    """Build the tags of one image; ``class_id`` holds the label."""
    results = [_hypothesis(tag.label, tag.score) for tag in tags]
    return _new(CLASSIFICATION, header=header, results=results)


def detections(digits: Sequence[Digit], header: Any) -> Any:
    """Build the digits of one image in reading order; ``class_id`` holds the digit."""
    found = [
        _new(
            'vision_msgs/msg/Detection2D',
            header=header,
            results=[
                _new(
                    'vision_msgs/msg/ObjectHypothesisWithPose',
                    hypothesis=_hypothesis(digit.label, digit.score),
                    pose=_no_pose(),
                )
            ],
            bbox=_box(digit.bbox),
            id='',
        )
        for digit in digits
    ]
    return _new(DETECTIONS, header=header, detections=found)


def text(lines: Sequence[str]) -> Any:
    """Build a text of several lines."""
    return _new(STRING, data='\n'.join(lines))


def human_poses(people: Sequence[Person], header: Any) -> Any:
    """Build the people of one image, without positions in space."""
    poses = [
        _new(
            'nn_perception_interfaces/msg/HumanPose',
            id=person.id,
            score=person.score,
            bbox=_box(person.bbox),
            keypoints=[
                _new('nn_perception_interfaces/msg/Keypoint', x=j.x, y=j.y, score=j.score)
                for j in person.keypoints
            ],
            positions=[],
        )
        for person in people
    ]
    return _new(HUMAN_POSES, header=header, poses=poses)


def _hypothesis(label: str, score: float) -> Any:
    return _new('vision_msgs/msg/ObjectHypothesis', class_id=label, score=score)


def _box(bbox: Box) -> Any:
    left, top, width, height = bbox
    middle = _new('vision_msgs/msg/Point2D', x=left + width / 2, y=top + height / 2)
    center = _new('vision_msgs/msg/Pose2D', position=middle, theta=0.0)
    return _new('vision_msgs/msg/BoundingBox2D', center=center, size_x=width, size_y=height)


def _no_pose() -> Any:
    """Build what geometry_msgs/PoseWithCovariance is when nobody fills it."""
    pose = _new(
        'geometry_msgs/msg/Pose',
        position=_new('geometry_msgs/msg/Point', x=0.0, y=0.0, z=0.0),
        orientation=_new('geometry_msgs/msg/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0),
    )
    covariance = np.zeros(36)
    return _new('geometry_msgs/msg/PoseWithCovariance', pose=pose, covariance=covariance)


def _new(kind: str, **fields: Any) -> Any:
    return result_types().types[kind](**fields)
