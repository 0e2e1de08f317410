"""People as REP 155 has them."""

from __future__ import annotations

from dataclasses import replace
import re

from nn_perception.capabilities.poses.skeleton import KEYPOINT_NAMES
from nn_perception.core.frame import Frame
from nn_perception.core.results import Keypoint, Person
from nn_perception.ros.outputs import hri_bodies
from nn_perception.ros.outputs.hri_bodies import id_prefix, openpose_joints
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from std_msgs.msg import Header

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


def test_no_two_robots_share_an_id() -> None:
    nodes = [
        *(('/' + namespace, 'pose_estimator') for namespace in ('', 'a', 'b', 'a/b', 'a_b')),
        *(('/' + namespace, 'front') for namespace in ('', 'a', 'b', 'a/b', 'a_b', '_a', '_1')),
    ]
    # As the tracker numbers the people of an unnamed camera, and of two with names.
    people = ('p1', 'p11', 'front_p1', 'b_p1')
    ids = [id_prefix(*node) + person for node in nodes for person in people]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch('[a-zA-Z][a-zA-Z0-9_]*', one) for one in ids)
    assert ids[:2] == ['p1', 'p11']
    assert id_prefix('/robot1', 'pose_estimator') == 'robot1__'


@pytest.mark.hri_msgs
def test_two_robots_publish_different_bodies() -> None:
    pytest.importorskip('hri_msgs.msg')
    context = Context()
    rclpy.init(context=context)
    image = np.zeros((480, 640, 3), np.uint8)
    nodes, topics, listed = [], [], []
    for namespace in ('/robot1', '/robot2', '/'):
        node = Node('pose_estimator', namespace=namespace, context=context)
        nodes.append(node)
        before = names_of(node)
        bodies = hri_bodies.HriBodies(node)
        bodies._tracked.publish = lambda message: listed.append(set(message.ids))
        frame = Frame(image, source='', stamp_s=1.0, frame_id='camera', header=Header())
        bodies.publish(frame, [PERSON], {PERSON.id})
        topics.append(names_of(node) - before - {f'{hri_bodies.BODIES}/tracked'})
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)
    assert [len(found) for found in topics] == [2, 2, 2]
    assert not topics[0] & topics[1] and not topics[0] & topics[2]
    assert listed == [{'robot1__p3'}, {'robot2__p3'}, {'p3'}]


def names_of(node: Node) -> set[str]:
    """List the topics that a node publishes."""
    return {publisher.topic_name for publisher in node.publishers}
