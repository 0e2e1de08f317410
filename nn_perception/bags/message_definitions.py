"""
The types of the messages that bags get, as their ``.msg`` files define them.

Without ROS they have to be defined here. A test compares them with the messages that the nodes
publish.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from nn_perception.capabilities.messages import (
    AUDIO_CHUNK,
    CLASSIFICATION,
    DETECTION,
    DETECTIONS,
    HUMAN_POSE,
    HUMAN_POSES,
    KEYPOINT,
    ResultMessages,
)

if TYPE_CHECKING:
    from rosbags.typesys.store import Typestore

DEFINITIONS = {
    'vision_msgs/msg/Point2D': """
float64 x
float64 y
""",
    'vision_msgs/msg/Pose2D': """
vision_msgs/Point2D position
float64 theta
""",
    'vision_msgs/msg/BoundingBox2D': """
vision_msgs/Pose2D center
float64 size_x
float64 size_y
""",
    'vision_msgs/msg/ObjectHypothesis': """
string class_id
float64 score
""",
    'vision_msgs/msg/ObjectHypothesisWithPose': """
ObjectHypothesis hypothesis
geometry_msgs/PoseWithCovariance pose
""",
    CLASSIFICATION: """
std_msgs/Header header
ObjectHypothesis[] results
""",
    DETECTION: """
std_msgs/Header header
ObjectHypothesisWithPose[] results
BoundingBox2D bbox
string id
""",
    DETECTIONS: """
std_msgs/Header header
Detection2D[] detections
""",
    KEYPOINT: """
float32 x
float32 y
float32 score
""",
    HUMAN_POSE: """
uint8 NOSE=0
uint8 LEFT_EYE=1
uint8 RIGHT_EYE=2
uint8 LEFT_EAR=3
uint8 RIGHT_EAR=4
uint8 LEFT_SHOULDER=5
uint8 RIGHT_SHOULDER=6
uint8 LEFT_ELBOW=7
uint8 RIGHT_ELBOW=8
uint8 LEFT_WRIST=9
uint8 RIGHT_WRIST=10
uint8 LEFT_HIP=11
uint8 RIGHT_HIP=12
uint8 LEFT_KNEE=13
uint8 RIGHT_KNEE=14
uint8 LEFT_ANKLE=15
uint8 RIGHT_ANKLE=16
string id
float32 score
vision_msgs/BoundingBox2D bbox
Keypoint[17] keypoints
geometry_msgs/Point[] positions
""",
    HUMAN_POSES: """
std_msgs/Header header
HumanPose[] poses
""",
    # Bags of Humble and older may contain it without its definition.
    AUDIO_CHUNK: """
std_msgs/Header header
uint32 sample_rate
uint8 channels
int16[] samples
""",
}


@functools.cache
def result_types() -> Typestore:
    """Return the types of all messages of results, and the types in them."""
    from rosbags.typesys import get_types_from_msg, get_typestore, Stores

    store = get_typestore(Stores.ROS2_HUMBLE)
    for name, text in DEFINITIONS.items():
        store.register(get_types_from_msg(text, name))
    return store


@functools.cache
def result_messages() -> ResultMessages:
    """Return what builds the messages of results from the types of rosbags."""
    return ResultMessages(result_types().types.__getitem__)
