"""Fields of the messages, for classes that record what they are built with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from nn_perception.capabilities.messages import ResultMessages
from nn_perception.core.results import Box, Digit, Keypoint, Person, Tag
import numpy as np
import pytest

KEYPOINTS = tuple(Keypoint(float(i), 2.0 * i, i / 16) for i in range(17))
PERSON = Person(0.75, Box(10.0, 20.0, 40.0, 100.0), KEYPOINTS, 'p3')


def recorded(name: str) -> Any:
    return lambda **fields: SimpleNamespace(type=name, **fields)


MESSAGES = ResultMessages(recorded)
HEADER = MESSAGES.header((5, 7), 'camera')


def test_header() -> None:
    time = SimpleNamespace(type='builtin_interfaces/msg/Time', sec=5, nanosec=7)
    assert SimpleNamespace(type='std_msgs/msg/Header', stamp=time, frame_id='camera') == HEADER


def test_classification() -> None:
    message = MESSAGES.classification([Tag('cup', 0.5), Tag('Čaj ☕', np.float32(0.25))], HEADER)
    assert message.type == 'vision_msgs/msg/Classification'
    assert message.header is HEADER
    assert [(r.class_id, r.score) for r in message.results] == [('cup', 0.5), ('Čaj ☕', 0.25)]
    assert all(type(result.score) is float for result in message.results)
    assert MESSAGES.classification([], HEADER).results == []


def test_detections() -> None:
    message = MESSAGES.detections([Digit('7', 0.9, Box(10.0, 20.0, 5.0, 8.0))], HEADER)
    assert message.type == 'vision_msgs/msg/Detection2DArray'
    (detection,) = message.detections
    assert (message.header, detection.header) == (HEADER, HEADER)
    (result,) = detection.results
    assert (result.hypothesis.class_id, result.hypothesis.score) == ('7', 0.9)
    assert result.pose.pose.orientation.w == 1.0
    assert result.pose.covariance.tolist() == [0.0] * 36
    centre = detection.bbox.center
    assert (centre.position.x, centre.position.y, centre.theta) == (12.5, 24.0, 0.0)
    assert (detection.bbox.size_x, detection.bbox.size_y) == (5.0, 8.0)
    assert MESSAGES.detections((), HEADER).detections == []


@pytest.mark.parametrize(('lines', 'data'), [((), ''), (('7',), '7'), (('12', '3'), '12\n3')])
def test_text(lines: tuple[str, ...], data: str) -> None:
    assert MESSAGES.text(lines) == SimpleNamespace(type='std_msgs/msg/String', data=data)


def test_human_poses() -> None:
    message = MESSAGES.human_poses([PERSON], HEADER)
    assert message.type == 'nn_perception_interfaces/msg/HumanPoseArray'
    assert message.header is HEADER
    (pose,) = message.poses
    assert (pose.id, pose.score, pose.positions) == ('p3', 0.75, [])
    assert (pose.bbox.center.position.x, pose.bbox.center.position.y) == (30.0, 70.0)
    keypoints = [Keypoint(point.x, point.y, point.score) for point in pose.keypoints]
    assert keypoints == list(KEYPOINTS)
    assert MESSAGES.human_poses([], HEADER).poses == []


def test_human_poses_with_depth() -> None:
    positions = np.arange(51.0).reshape(17, 3)
    positions[2] = np.nan
    (pose,) = MESSAGES.human_poses([PERSON], HEADER, [positions]).poses
    found = [(point.x, point.y, point.z) for point in pose.positions]
    np.testing.assert_array_equal(found, positions)
    assert MESSAGES.human_poses([], HEADER, []).poses == []
    with pytest.raises(ValueError, match='shorter'):
        MESSAGES.human_poses([PERSON], HEADER, [])
