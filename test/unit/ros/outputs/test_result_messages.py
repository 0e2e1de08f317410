"""Messages built from results."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from nn_perception.core.results import Digit, Keypoint, Person, Tag
from nn_perception.ros.outputs.result_messages import RESULT_MESSAGES
import numpy as np
import pytest
from std_msgs.msg import Header

HEADER = Header(stamp=Time(sec=1_700_000_000, nanosec=123_456_789), frame_id='optical')
PERSON = Person(
    0.75,
    (10.0, 20.0, 40.0, 100.0),
    tuple(Keypoint(10.0 + i, 20.0 + i, 0.5 + i / 100) for i in range(17)),
    'p3',
)
JOINTS = np.arange(51, dtype=float).reshape(17, 3)


def test_classification() -> None:
    # A label is text: it goes out as it is, whatever letters it has.
    tags = [Tag('espresso', 0.75), Tag('Größe 7, großer Kaffee ☕', 0.125)]
    msg = RESULT_MESSAGES.classification(tags, HEADER)
    assert msg.header == HEADER
    assert [(r.class_id, r.score) for r in msg.results] == [(t.label, t.score) for t in tags]


def test_classification_takes_scores_of_numpy() -> None:
    msg = RESULT_MESSAGES.classification([Tag('cup', np.float32(0.5))], HEADER)
    assert msg.results[0].score == 0.5


def test_classification_without_tags() -> None:
    msg = RESULT_MESSAGES.classification([], HEADER)
    assert msg.header == HEADER
    assert msg.results == []


def test_detections() -> None:
    digits = [Digit('7', 0.75, (10.0, 20.0, 5.0, 8.0)), Digit('0', np.float32(0.5), (1, 2, 3, 4))]
    msg = RESULT_MESSAGES.detections(digits, HEADER)
    assert msg.header == HEADER
    assert [detection.header for detection in msg.detections] == [HEADER, HEADER]
    hypotheses = [result.hypothesis for d in msg.detections for result in d.results]
    assert [(h.class_id, h.score) for h in hypotheses] == [('7', 0.75), ('0', 0.5)]
    boxes = [d.bbox for d in msg.detections]
    centres = [(box.center.position.x, box.center.position.y, box.center.theta) for box in boxes]
    assert centres == [(12.5, 24.0, 0.0), (2.5, 4.0, 0.0)]
    assert [(box.size_x, box.size_y) for box in boxes] == [(5.0, 8.0), (3.0, 4.0)]
    assert [d.id for d in msg.detections] == ['', '']


def test_detections_without_digits() -> None:
    msg = RESULT_MESSAGES.detections([], HEADER)
    assert msg.header == HEADER
    assert msg.detections == []


@pytest.mark.parametrize(('lines', 'data'), [((), ''), (('7',), '7'), (('12', '345'), '12\n345')])
def test_text(lines: tuple[str, ...], data: str) -> None:
    assert RESULT_MESSAGES.text(lines).data == data


def test_a_pose_without_depth() -> None:
    msg = RESULT_MESSAGES.human_poses([PERSON], HEADER, None)
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
    (pose,) = RESULT_MESSAGES.human_poses([PERSON], HEADER, [joints]).poses
    got = np.array([(point.x, point.y, point.z) for point in pose.positions])
    np.testing.assert_array_equal(got, joints)


def test_poses_of_no_one() -> None:
    assert list(RESULT_MESSAGES.human_poses([], HEADER, None).poses) == []
    assert list(RESULT_MESSAGES.human_poses([], HEADER, []).poses) == []
